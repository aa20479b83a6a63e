import { isDeepStrictEqual } from "node:util";
import { asIfStarted, mayDiffer } from "./stopped.ts";
import { at, type Path } from "./wire.ts";

type Properties = Readonly<Record<string, unknown>>;

/** The output that keeps what the last update left where a look has found something else since; reviews and `scripts/status` read it. */
export const leftByUpdateOutput = "leftByUpdate";

/** Inputs as the last update left them, of those that are others now. */
interface LeftByUpdate {
  readonly values?: Properties;
  /** Those that had no value. */
  readonly absent?: readonly string[];
}

/**
 * What the last update left of the inputs that a look found to be others. A look becomes the state, so without this nobody
 * could tell afterwards that something changed without an update. Secrets are not kept: those inside a value are as they were
 * found, and one that differs is told by name alone, by {@link driftedSecrets}.
 *
 * @param state what the state had before the look, which may itself keep what the last update left
 * @returns undefined when all is as it was left
 * @example
 * leftByUpdate({ model: "a" }, { model: "b" }, { names: ["model"], secrets: [] }); // { values: { model: "a" } }
 */
export function leftByUpdate(
  state: Properties,
  found: Properties,
  { names, secrets }: { readonly names: Iterable<string>; readonly secrets: readonly Path[] },
): LeftByUpdate | undefined {
  if (Object.keys(state).length === 0) return undefined;
  const before = asLeft(asIfStarted({ ...state }, state), state);
  const others = [...names].flatMap((name): [string, unknown][] => {
    const value = plain(butSecrets(before[name], found[name], [name], secrets));
    return mayDiffer(found).includes(name) || isDeepStrictEqual(value, plain(found[name])) ? [] : [[name, value]];
  });
  const values = others.filter(([, value]) => value !== undefined);
  const absent = others.flatMap(([name, value]) => (value === undefined ? [name] : []));
  if (others.length === 0) return undefined;
  return {
    ...(values.length > 0 ? { values: Object.fromEntries(values) } : {}),
    ...(absent.length > 0 ? { absent } : {}),
  };
}

/** Inputs as the last update left them, by the outputs beside them. */
function asLeft(inputs: Properties, outputs: Properties): Record<string, unknown> {
  const { values = {}, absent = [] } = (outputs[leftByUpdateOutput] ?? {}) as LeftByUpdate;
  const present = Object.entries(inputs).filter(([name]) => !absent.includes(name));
  return { ...Object.fromEntries(present), ...values };
}

/** The inputs that are not as the last update left them, by the outputs. */
export function changedSinceUpdate(outputs: Properties): string[] {
  const { values = {}, absent = [] } = (outputs[leftByUpdateOutput] ?? {}) as LeftByUpdate;
  return [...Object.keys(values), ...absent];
}

function butSecrets(value: unknown, found: unknown, path: Path, secrets: readonly Path[]): unknown {
  if (secrets.some((secret) => isDeepStrictEqual(secret, path))) return found;
  const inner = (one: unknown, key: string | number) => butSecrets(one, at(found, [key]), [...path, key], secrets);
  if (Array.isArray(value)) return value.map(inner);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, inner(one, key)]));
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
