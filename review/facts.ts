/** A plain fact that changes: the model, a version, an address. */
export interface Fact {
  readonly what: string;
  /** The resource that it is a fact of, where there are several of its kind. */
  readonly of?: string;
  readonly before?: string;
  readonly after?: string;
  /** Whether it lets more in or out than before; what cannot be told counts as more. */
  readonly effect?: "widens" | "narrows" | "neutral" | "unclear";
  readonly note?: string;
}

/** A fact when the two sides differ. */
export function fact(
  what: string,
  before: string | undefined,
  after: string | undefined,
  more: Pick<Fact, "effect" | "note"> = {},
): Fact[] {
  return before === after ? [] : [{ what, before, after, ...more }];
}

/** What is new and what is gone between two lists, as facts; what is new widens. */
export function listFacts(what: string, before: readonly string[], after: readonly string[]): Fact[] {
  return [
    ...after.filter((one) => !before.includes(one)).map((one): Fact => ({ what, after: one, effect: "widens" })),
    ...before.filter((one) => !after.includes(one)).map((one): Fact => ({ what, before: one, effect: "narrows" })),
  ];
}
