import { copyFile, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { keptFolder, stackFile } from "../../scripts/clone-paths.ts";
import { type Finished, runProgram } from "../../scripts/run-program.ts";
import { copyClone } from "./clone-copy.ts";
import type { LocalStack } from "./local-stack.ts";

/**
 * `up` of a stack by another clone with the same state, in which one of our programs is broken on purpose: as when somebody
 * merges a change that does not work.
 *
 * @param folder where the other clone is made
 * @param after the text behind which it throws, such as a function's first line; without one it throws as soon as it is started
 */
export async function upByBrokenClone(
  stack: LocalStack,
  folder: string,
  program: string,
  after = "",
): Promise<Finished> {
  await copyClone(folder);
  await symlink(keptFolder, join(folder, ".nemoclaw"));
  await copyFile(stackFile(stack.name), join(folder, "stacks", `Pulumi.${stack.name}.yaml`));
  const source = join(folder, program);
  const text = await readFile(source, "utf8");
  if (!text.includes(after)) throw new Error(`${program} has no ${JSON.stringify(after)} to be broken behind`);
  await writeFile(
    source,
    text.replace(after, () => `${after}throw new Error("broken on purpose");\n`),
  );
  const words = ["up", "-s", stack.name, "--yes", "--skip-preview", "--color", "never"];
  return runProgram([join(folder, "scripts/pulumi"), ...words], { cwd: folder, timeoutSeconds: 570 });
}
