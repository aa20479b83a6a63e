import { ReviewError } from "../review-error.ts";
import type { Preview } from "./preview.ts";
import { typeIn } from "./preview-step.ts";

/** The stack that is asked for: as a person names it, with or without its organization and project, and the project here. */
export interface Asked {
  readonly stack: string;
  readonly project: string | undefined;
}

/**
 * Refuses a preview of another stack: what it tells is true of that one alone.
 *
 * @param file how to name it in errors
 * @throws ReviewError with the stack that it is of
 */
export function refuseOtherStack({ steps }: Preview, { stack, project }: Asked, file: string): void {
  const parts = stack.split("/");
  const [name, here] = [parts.at(-1), parts.length === 3 ? parts[1] : project];
  // A project that is given another name leaves resources under the old one, which go; its new root is among the steps.
  const roots = steps.filter(({ urn }) => typeIn(urn) === "pulumi:pulumi:Stack").map(({ urn }) => ownerOf(urn));
  if (roots.some((root) => root.stack === name && (here === undefined || root.project === here))) return;
  const [other] = roots;
  throw new ReviewError(
    `${file} is a preview of stack ${other?.stack} of project ${other?.project}, and this is to be a review of stack ${name}${here ? ` of project ${here}` : ""}`,
    `-s ${other?.stack}, or a preview of ${stack}`,
  );
}

/**
 * The same for a state that is given beside a preview.
 *
 * @param text what `pulumi stack export` printed, known to be that
 */
export function refuseOtherState(text: string, { steps }: Preview, file: string): void {
  const { deployment } = JSON.parse(text) as { deployment?: { resources?: { urn: string }[] } | null };
  const known = new Set(steps.map(({ urn }) => ownerOf(urn).prefix));
  const other = (deployment?.resources ?? []).map(({ urn }) => ownerOf(urn)).find(({ prefix }) => !known.has(prefix));
  if (other === undefined) return;
  throw new ReviewError(
    `${file} is the state of stack ${other.stack} of project ${other.project}, and not of the stack that the preview is of`,
    "scripts/pulumi stack export -s STACK, of the same stack",
  );
}

function ownerOf(urn: string): { readonly prefix: string; readonly stack: string; readonly project: string } {
  const [first = "", project = ""] = urn.split("::");
  return { prefix: `${first}::${project}`, stack: first.replace(/^urn:pulumi:/, ""), project };
}
