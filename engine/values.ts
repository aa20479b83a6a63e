// Property values are kept as they travel between Pulumi's processes: plain JSON, with secrets, unknowns and references
// as objects that carry a signature. Only the checkpoint has another form (checkpoint.ts).

export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };
export type Properties = { [key: string]: Value };

const signatureKey = "4dabf18193072939515e22adb298388d";
const signatures = {
  secret: "1b47061264138c4ac30d75fd1eb44270",
  asset: "c44067f5952c0a294b673a41bacd8c17",
  archive: "0def7320c3a5731c473e5ecbe6d01bc7",
  output: "d0e6a833031e9bbcd3f4e8bde6ca49a4",
};

/** Stands for a value that is not known before the apply. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function isObject(value: Value | undefined): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isSecret(value: Value | undefined): value is { value: Value } {
  return isObject(value) && value[signatureKey] === signatures.secret;
}

/** Wraps a value as secret; one that is secret already stays as it is. */
export function secret(value: Value): Value {
  return isSecret(value) ? value : { [signatureKey]: signatures.secret, value };
}

/** The value without any secret wrapping, at every depth. */
export function reveal(value: Value): Value {
  return isSecret(value) ? reveal(value.value) : mapInside(value, reveal);
}

/** The value with every secret replaced by the text `[secret]`. */
export function blind(value: Value): Value {
  return isSecret(value) ? "[secret]" : mapInside(value, blind);
}

/** Each secret as `{signature, ...whatever seal gives}`: the checkpoint's form. */
export function sealed(value: Value, seal: (inner: Value) => Properties): Value {
  if (isSecret(value)) return { [signatureKey]: signatures.secret, ...seal(reveal(value.value)) };
  return mapInside(value, (inner) => sealed(inner, seal));
}

/** The way back from `sealed`. */
export function unsealed(value: Value, open: (sealed: Properties) => Value): Value {
  if (isObject(value) && value[signatureKey] === signatures.secret) return secret(open(value));
  return mapInside(value, (inner) => unsealed(inner, open));
}

export function hasSecret(value: Value): boolean {
  return isSecret(value) || inside(value).some(hasSecret);
}

export function hasUnknown(value: Value): boolean {
  return value === unknown || inside(value).some(hasUnknown);
}

/** What of a value this engine cannot carry, by name; undefined when all is well. */
export function foreign(value: Value): string | undefined {
  if (isObject(value)) {
    if (value[signatureKey] === signatures.asset) return "assets";
    if (value[signatureKey] === signatures.archive) return "archives";
    if (value[signatureKey] === signatures.output) return "output values of remote components";
  }
  for (const inner of inside(value)) {
    const found = foreign(inner);
    if (found) return found;
  }
  return undefined;
}

/** Equal at every depth, secrets with secrets; the order of keys does not count. */
export function equal(a: Value | undefined, b: Value | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((inner, at) => equal(inner, b[at]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && equal(a[key], b[key]));
}

function inside(value: Value): Value[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}

function mapInside(value: Value, change: (inner: Value) => Value): Value {
  if (Array.isArray(value)) return value.map(change);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, change(inner)]));
}
