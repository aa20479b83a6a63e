import { copyFile, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { keptFolder, stackFile } from "../../scripts/clone-paths.ts";
import { type Finished, runProgram } from "../../scripts/run-program.ts";
import { copyClone } from "./clone-copy.ts";
import type { LocalStack } from "./local-stack.ts";

/**
 * `up` of a stack by another clone with the same state, in which some of our programs are other ones: as when somebody merges a
 * change of them.
 *
 * @param folder where the other clone is made
 * @param programs what becomes of each one's text
 */
export async function upByChangedClone(
  stack: LocalStack,
  folder: string,
  programs: Readonly<Record<string, (text: string) => string>>,
): Promise<Finished> {
  await copyClone(folder);
  await symlink(keptFolder, join(folder, ".nemoclaw"));
  await copyFile(stackFile(stack.name), join(folder, "stacks", `Pulumi.${stack.name}.yaml`));
  for (const [program, change] of Object.entries(programs)) {
    const source = join(folder, program);
    await writeFile(source, change(await readFile(source, "utf8")));
  }
  const words = ["up", "-s", stack.name, "--yes", "--skip-preview", "--color", "never"];
  return runProgram([join(folder, "scripts/pulumi"), ...words], { cwd: folder, timeoutSeconds: 570 });
}

/**
 * The same with a program that is broken on purpose.
 *
 * @param after the text behind which it throws, such as a function's first line; without one it throws as soon as it is started
 */
export function upByBrokenClone(stack: LocalStack, folder: string, program: string, after = ""): Promise<Finished> {
  const broken = (text: string) => {
    if (!text.includes(after)) throw new Error(`${program} has no ${JSON.stringify(after)} to be broken behind`);
    return text.replace(after, () => `${after}throw new Error("broken on purpose");\n`);
  };
  return upByChangedClone(stack, folder, { [program]: broken });
}
