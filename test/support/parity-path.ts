import { rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { cloneFolder } from "../../scripts/clone-paths.ts";
import type { LocalStack } from "./local-stack.ts";
import type { ParityDifference } from "./parity.ts";

/**
 * Whether what the agent writes at a path of the workspace is there outside, in a sandbox that is made anew under the policy of
 * a row. The stack's policy is that one then.
 */
export async function isOutside(
  stack: LocalStack,
  { accept, policy }: ParityDifference,
  path: string,
): Promise<boolean> {
  const named = join("policies", `${stack.name}.yaml`);
  const file = join(cloneFolder, named);
  const workspace = "/var/lib/nemoclaw/main/workspace";
  const outside = path.replace(/^\/sandbox\//, `${workspace}/`);
  const { version, filesystem_policy } = policy;
  await writeFile(file, stringify({ version, filesystem_policy }));
  try {
    await stack.configure((config) => {
      const runtime = config["nemoclaw:runtime"] as { accept: string[] };
      config["nemoclaw:runtime"] = { ...runtime, accept: [...new Set([...runtime.accept, accept])] };
      config["nemoclaw:policy"] = { presets: [], file: named };
    });
    await stack.shell(`mkdir -p ${dirname(outside)} && chown --reference=${workspace} ${dirname(outside)}`);
    await stack.up();
    const { stdout } = await stack.inside([
      "sh",
      "-c",
      `( echo parity >${path} ) 2>/dev/null; cd ${dirname(path)} && pwd`,
    ]);
    // The folder is there for the agent, or nothing was tried.
    if (stdout.trim() !== dirname(path)) throw new Error(`the sandbox has no ${dirname(path)}: ${stdout}`);
    return (await stack.shell(`test ! -e ${outside} || echo there`)) === "there\n";
  } finally {
    await rm(file, { force: true });
  }
}
