import { parentTypeIn } from "./preview-step.ts";

/** Whether one of this project's cloud machines made a resource, so that its settings tell of it. */
export function madeByMachine(urn: string): boolean {
  return /^nemoclaw:index:(Aws|Gcp)Machine$/.test(parentTypeIn(urn));
}
