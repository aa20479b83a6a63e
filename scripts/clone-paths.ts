import { join, resolve } from "node:path";

/** The folder of this clone, whatever the current folder is. */
export const cloneFolder = resolve(import.meta.dirname, "..");

/** What the scripts keep for this clone: state of stack `local`, its passphrase, logs. Never tracked. */
export const keptFolder = join(cloneFolder, ".nemoclaw");

/** A stack's own name, without organization and project. */
export function ownName(stack: string): string {
  return stack.split("/").at(-1) ?? stack;
}

/** The file with a stack's configuration, from the clone's folder. */
export function stackFileName(stack: string): string {
  return `stacks/Pulumi.${ownName(stack)}.yaml`;
}

/** The file with a stack's configuration. */
export function stackFile(stack: string): string {
  return join(cloneFolder, stackFileName(stack));
}
