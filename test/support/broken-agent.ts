import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { LocalStack } from "./local-stack.ts";

const exec = promisify(execFile);

/** The version of the stand-in for an agent that is broken on purpose. */
export const brokenVersion = "2099.1.1";

/**
 * A package that is called openclaw and starts nothing, in a registry on the stack's machine itself.
 *
 * @param folder where its files are made
 * @returns the path of the npm lock file that pins it
 */
export async function brokenAgent(stack: LocalStack, folder: string): Promise<string> {
  const home = join(folder, "package");
  await mkdir(home, { recursive: true });
  await writeFile(join(home, "package.json"), JSON.stringify({ name: "openclaw", version: brokenVersion }));
  const program = `if (process.argv[2] === "--version") console.log("${brokenVersion}");
else { console.error("stand-in: broken on purpose"); process.exit(1); }\n`;
  await writeFile(join(home, "openclaw.mjs"), program);
  await exec("tar", ["-czf", join(folder, "openclaw.tgz"), "-C", folder, "package"]);
  const bytes = await readFile(join(folder, "openclaw.tgz"));
  await stack.put("/srv/registry/openclaw.tgz", bytes);
  const server =
    'require("http").createServer((q, r) => r.end(require("fs").readFileSync("/srv/registry" + q.url))).listen(4873, "127.0.0.1")';
  await stack.shell(`systemd-run --unit=stand-in-registry /opt/nemoclaw/node/current/bin/node -e '${server}'`);

  const agent = join(folder, "agent");
  await mkdir(agent, { recursive: true });
  const dependencies = { openclaw: brokenVersion };
  const root = { name: "agent", version: "1.0.0" };
  const installed = {
    version: brokenVersion,
    resolved: "http://127.0.0.1:4873/openclaw.tgz",
    integrity: `sha512-${createHash("sha512").update(bytes).digest("base64")}`,
  };
  const packages = { "": { ...root, dependencies }, "node_modules/openclaw": installed };
  await writeFile(join(agent, "package.json"), JSON.stringify({ ...root, private: true, dependencies }));
  const lockfile = join(agent, "package-lock.json");
  await writeFile(lockfile, JSON.stringify({ ...root, lockfileVersion: 3, requires: true, packages }));
  return lockfile;
}
