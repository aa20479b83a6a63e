import { z } from "zod";

const properties = z.record(z.string(), z.unknown());

const state = z.looseObject({
  type: z.string(),
  custom: z.boolean().optional(),
  protect: z.boolean().nullish(),
  parent: z.string().optional(),
  id: z.string().optional(),
  inputs: properties.optional(),
  outputs: properties.optional(),
  propertyDependencies: z.record(z.string(), z.array(z.string()).nullish()).nullish(),
});

/** One step of a preview, as both engines print it. */
export const previewStep = z.looseObject({
  op: z.string(),
  urn: z.string().startsWith("urn:pulumi:"),
  oldState: state.nullish(),
  newState: state.nullish(),
  diffReasons: z.array(z.string()).nullish(),
  replaceReasons: z.array(z.string()).nullish(),
  detailedDiff: z.record(z.string(), z.looseObject({ kind: z.string() })).nullish(),
});

export type PreviewStep = z.infer<typeof previewStep>;
export type PreviewState = z.infer<typeof state>;

/** What a step does in the end; a replacement is several steps. */
export function operationOf({ op }: PreviewStep): string {
  return op === "create-replacement" || op === "delete-replaced" ? "replace" : op;
}

/** The last part of a URN, which is the name in the program: `machine-ssh-2001:db8::/48`. */
export function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

/** The type that a URN says: the last of those that its third part has. A name may look like any of them. */
export function typeIn(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}

/** The type of what made it, where that is a component. */
export function parentTypeIn(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-2) ?? "";
}

/** What a step is about; one without a state still has its URN. */
export function typeOf({ urn, newState, oldState }: PreviewStep): string {
  return (newState ?? oldState)?.type ?? typeIn(urn);
}
