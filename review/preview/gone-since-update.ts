import { nameOf } from "./preview-step.ts";

/** A resource as a state or a preview tells of it. */
export interface StandingResource {
  readonly urn: string;
  readonly type: string;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/**
 * The names of what the last update left and the state has no more, because a refresh found it gone: a resource leaves the
 * state then, with all that was kept beside it. The program tells what it left in the stack's own output `leftByUpdate`,
 * which stays.
 */
export function goneSinceUpdate(standing: readonly StandingResource[]): string[] {
  const left = standing.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs?.leftByUpdate;
  if (typeof left !== "string") return [];
  const there = new Set(standing.map(({ urn }) => nameOf(urn)));
  return left.split(", ").filter((name) => name !== "" && !there.has(name));
}
