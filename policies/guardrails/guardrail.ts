/** A resource as a program declares it, before anything is made. Values that are not known yet are passed over. */
export interface Declared {
  /** Type token: `aws:ec2/instance:Instance`. */
  readonly type: string;
  readonly name: string;
  readonly props: Readonly<Record<string, unknown>>;
  /** The resource option of that name. */
  readonly protect?: boolean;
}

/** One resource that breaks a guardrail. */
export interface Violation {
  /** Name of the resource. */
  readonly resource: string;
  /** Property path within it: `rootBlockDevice.encrypted`. */
  readonly path: string;
  readonly message: string;
}

/** A rule that holds for every stack, with or without the policy pack. */
export interface Guardrail {
  /** `no-open-ssh`: how a policy pack's configuration names it. */
  readonly name: string;
  /** What it asks for. */
  readonly rule: string;
  /** What went or would go wrong without it. */
  readonly reason: string;
  /** How a stack breaks it knowingly. */
  readonly wayOut: string;
  /** Pure. @returns what breaks it, in the order of the resources */
  check(stack: readonly Declared[]): Violation[];
}

/** Makes the `check` of a rule that looks at one resource at a time. */
export function eachOf(
  types: readonly string[],
  look: (resource: Declared) => Iterable<Omit<Violation, "resource">>,
): Guardrail["check"] {
  return (stack) =>
    stack
      .filter(({ type }) => types.includes(type))
      .flatMap((each) => [...look(each)].map((found) => ({ resource: each.name, ...found })));
}

/** Whether a value stands in the declaration itself: not an output, nor one that the engine does not know before it runs. */
export function isKnown(value: unknown): boolean {
  return !(typeof value === "object" && value !== null && "apply" in value && typeof value.apply === "function");
}

/** The value at a path, `undefined` where there is none or it is not known. */
export function at(value: unknown, ...keys: readonly (string | number)[]): unknown {
  const found = keys.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null && isKnown(inner)
        ? (inner as Record<string, unknown>)[key]
        : undefined,
    value,
  );
  return isKnown(found) ? found : undefined;
}

/** The list at a path; empty where there is none. */
export function listAt(value: unknown, ...keys: readonly (string | number)[]): unknown[] {
  const found = at(value, ...keys);
  return Array.isArray(found) ? found : [];
}

/** How a resource says in so many words that a risk is taken: `accepted risk: a lab without anything to lose`. */
export const acceptedRisk = "accepted risk: ";

/** Whether a description takes a risk and says why. */
export function acceptsRisk(text: unknown): boolean {
  return typeof text === "string" && text.startsWith(acceptedRisk) && text.trim().length > acceptedRisk.length;
}

/** Tag or label by which a resource says it that has no text of its own, or none that can be changed. */
export const riskMark = "accepted-risk";
