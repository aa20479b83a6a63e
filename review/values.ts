/** What the engine writes where a value is not known before the update. */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** How it is shown. */
export const knownLater = "(known later)";
const secretSignature = "4dabf18193072939515e22adb298388d";

/** One place where two values differ. */
export interface ValueChange {
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** Every place where two values differ, as deep as both have the same shape; lists are taken whole. */
export function valueChanges(before: unknown, after: unknown, path = ""): ValueChange[] {
  if (same(before, after)) return [];
  if (isObject(before) && isObject(after) && !isSecret(before) && !isSecret(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
      valueChanges(before[key], after[key], path === "" ? key : `${path}.${key}`),
    );
  }
  return [{ path, before, after }];
}

/** Whether this is what the engine shows in place of a secret. */
export function isSecret(value: unknown): boolean {
  return value === "[secret]" || (isObject(value) && secretSignature in value);
}

/** Whether a preview does not tell a value: a secret, or what only the update brings. */
export function isUntold(value: unknown): boolean {
  return value === unknownValue || isSecret(value);
}

/** Where secrets lie in a value, as property paths. */
export function secretPaths(value: unknown, path = ""): string[] {
  if (isSecret(value)) return [path];
  if (Array.isArray(value)) return value.flatMap((one, index) => secretPaths(one, `${path}[${index}]`));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => secretPaths(inner, path === "" ? key : `${path}.${key}`));
}

/** A value on one line, whole: what is shown of it is cut by the page, after the two sides were compared. */
export function show(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (isSecret(value)) return "a secret";
  const text =
    typeof value === "string" ? value : JSON.stringify(value, (_, inner) => (isSecret(inner) ? "(secret)" : inner));
  return text.replaceAll(`"${unknownValue}"`, knownLater).replaceAll(unknownValue, knownLater);
}

/** The same, where a value that is not there is to be told from one. */
export function shown(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : show(value);
}

/** One value or a list of them, each on a line. */
export function shownEach(value: unknown): string[] {
  return [value ?? []].flat().map((one) => show(one));
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// Two secrets show alike; whether they are is not to be seen here.
function same(a: unknown, b: unknown): boolean {
  if (isSecret(a) && isSecret(b)) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((one, index) => same(one, b[index]));
  if (isObject(a) && isObject(b)) {
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => same(a[key], b[key]));
  }
  return a === b || ((a ?? undefined) === undefined && (b ?? undefined) === undefined);
}
