import { join, resolve } from "node:path";

/** The folder of this clone, whatever the current folder is. */
export const cloneFolder = resolve(import.meta.dirname, "..");

/** What the scripts keep for this clone: state of stack `local`, its passphrase, logs. Never tracked. */
export const keptFolder = join(cloneFolder, ".nemoclaw");

/** The file with a stack's configuration; it bears the stack's own name, without organization and project. */
export function stackFile(stack: string): string {
  return join(cloneFolder, "stacks", `Pulumi.${stack.split("/").at(-1)}.yaml`);
}
