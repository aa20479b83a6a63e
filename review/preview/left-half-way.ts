import { z } from "zod";
import { ReviewError } from "../review-error.ts";
import { labelOf } from "./losses.ts";
import { nameOf } from "./preview-step.ts";

/** What an update was at when it was interrupted, in a deployment as `pulumi stack export` prints it. */
export const pendingOperations = z
  .array(z.looseObject({ type: z.string(), resource: z.looseObject({ urn: z.string(), type: z.string() }) }))
  .nullish();

/** What others read of it after this has judged it, too. */
const resource = z.looseObject({ urn: z.string().startsWith("urn:pulumi:"), type: z.string() });
const exported = z.looseObject({
  version: z.number(),
  // Of a stack that nothing was ever made of it is null.
  deployment: z
    .looseObject({ pending_operations: pendingOperations, resources: z.array(resource).nullish() })
    .nullable(),
});

/** What was being made, as words: `sandbox main-sandbox`. */
export function cutCreations(pending: z.infer<typeof pendingOperations>): string[] {
  return (pending ?? [])
    .filter(({ type }) => type === "creating")
    .map(({ resource: { urn, type } }) => `${labelOf(type)} ${nameOf(urn)}`);
}

/** What a person does after a creation that was cut short. */
export function afterCutCreation(stack: string): string {
  return `wait for an update that is running; if there is none, look whether it is there, and remove it if so; then scripts/pulumi refresh -s ${stack} --clear-pending-creates. Or, on the embedded engine: scripts/pulumi up -s ${stack}, which takes it up again`;
}

/**
 * Refuses a state that an update left in the middle of a creation: something may be there that neither the state nor any look
 * knows of, so a preview that has nothing to do would be a wrong clean bill. Updates and deletions that were cut short are
 * about what the state knows, and the look sees what became of them.
 *
 * @param text what `pulumi stack export` printed
 * @throws ReviewError with what was being made
 */
export function refuseLeftHalfWay(text: string, stack: string): void {
  const cut = cutCreations(read(text, stack).deployment?.pending_operations);
  if (cut.length === 0) return;
  const list = cut.map((each) => `  ${each}`).join("\n");
  throw new ReviewError(
    `stack ${stack} is half-way: an update is running, or was interrupted before it heard whether this had been made, so it may be there without the state knowing it:\n${list}`,
    afterCutCreation(stack),
  );
}

function read(text: string, stack: string): z.infer<typeof exported> {
  const found = exported.safeParse(json(text));
  if (found.success) return found.data;
  const [issue] = found.error.issues;
  throw new ReviewError(
    `the state of stack ${stack} is not what pulumi stack export prints: ${issue?.path.join(".") || "the whole"}: ${issue?.message}`,
    `scripts/pulumi stack export -s ${stack} >state.json`,
  );
}

// What is no JSON is nothing that a state could be.
function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
