import { existsSync } from "node:fs";
import { mkdir, symlink } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { keptFolder } from "./clone-paths.ts";

/** Where this user's Pulumi CLI keeps programs, plugins, logins and logs. */
export const usersPulumiHome = () => process.env.PULUMI_HOME ?? join(homedir(), ".pulumi");

/** The same for the stacks that live in the clone, so that logs and such go with the rest. Plugins are the user's, where there are some. */
export async function clonesPulumiHome(): Promise<string> {
  const home = join(keptFolder, "pulumi-home");
  await mkdir(home, { recursive: true });
  const plugins = join(usersPulumiHome(), "plugins");
  if (existsSync(plugins)) await symlink(plugins, join(home, "plugins")).catch(ignoreExisting);
  return home;
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}
