import { parentTypeIn } from "./preview-step.ts";

/** Whether one of this project's cloud machines made a resource, so that its settings tell of it. */
export function madeByMachine(urn: string): boolean {
  return /^nemoclaw:index:(Aws|Gcp)Machine$/.test(parentTypeIn(urn));
}

/** Whether it is a command of the site's that this project's component makes, whose way to the machine is told as the machine's. */
export function madeBySiteCommands(urn: string): boolean {
  return parentTypeIn(urn) === "nemoclaw:index:SiteCommands";
}
