import { isDeepStrictEqual } from "node:util";

/**
 * Pulumi's marks on the wire. The Node SDK hands a provider its raw values: secrets arrive wrapped, unknown values as a
 * sentinel string, and whatever a provider returns unwrapped lands in state in clear.
 *
 * Source: the SDK's `runtime/rpc.ts` (specialSecretSig, unknownValue).
 */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Where a value lies inside a property map. */
export type Path = readonly (string | number)[];

/** Plain properties and where the secrets among them lie. */
export interface Unwrapped {
  readonly plain: Record<string, unknown>;
  readonly secrets: readonly Path[];
}

export const isUnknown = (value: unknown): boolean => value === UNKNOWN;

/** Takes the secret marks off, remembering where they were. */
export function unwrap(properties: Record<string, unknown>): Unwrapped {
  const secrets: Path[] = [];
  const walk = (value: unknown, path: Path): unknown => {
    if (Array.isArray(value)) return value.map((item, i) => walk(item, [...path, i]));
    if (value === null || typeof value !== "object") return value;
    const fields = value as Record<string, unknown>;
    if (fields[SIGNATURE] === SECRET) {
      secrets.push(path);
      return walk(fields.value, path);
    }
    return Object.fromEntries(Object.entries(fields).map(([key, item]) => [key, walk(item, [...path, key])]));
  };
  return { plain: walk(properties, []) as Record<string, unknown>, secrets };
}

/**
 * Puts the secret marks back on, so that state holds these values encrypted. Paths that lead nowhere are passed over, and
 * properties without a value left out, for which the wire has no form.
 */
export function rewrap(properties: Record<string, unknown>, secrets: readonly Path[]): Record<string, unknown> {
  const walk = (value: unknown, path: Path): unknown => {
    const wrapped = secrets.some((secret) => isDeepStrictEqual(secret, path));
    let inner = value;
    if (Array.isArray(value)) inner = value.map((item, i) => walk(item, [...path, i]));
    else if (value !== null && typeof value === "object") {
      const fields = Object.entries(value).filter(([, item]) => item !== undefined);
      inner = Object.fromEntries(fields.map(([key, item]) => [key, walk(item, [...path, key])]));
    }
    return wrapped && inner !== undefined ? { [SIGNATURE]: SECRET, value: inner } : inner;
  };
  return walk(properties, []) as Record<string, unknown>;
}

/** Whether a value is, or holds, something that is not known before the machine is touched. */
export function holdsUnknown(value: unknown): boolean {
  if (isUnknown(value)) return true;
  if (Array.isArray(value)) return value.some(holdsUnknown);
  return value !== null && typeof value === "object" && Object.values(value).some(holdsUnknown);
}

/** The value at a path, or undefined where the path leads nowhere. */
export function at(properties: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<string | number, unknown> | null | undefined)?.[key],
    properties,
  );
}
