import { EngineError } from "./errors.ts";
import type { Crypter } from "./passphrase.ts";
import { type PropertyPath, parsePath } from "./property-path.ts";
import { isObject, type Properties, secret, type Value } from "./values.ts";

/** A stack's configuration, opened: `namespace:name` → text, objects as JSON, and which of them hold a secret. */
export interface Config {
  readonly values: ReadonlyMap<string, string>;
  readonly secretKeys: ReadonlySet<string>;
}

/** Opens every value of a stack file, in the order of their names. */
export function openConfig(written: Record<string, Value>, crypter: Pick<Crypter, "decrypt">): Config {
  const keys = Object.keys(written).sort();
  return {
    values: new Map(keys.map((key) => [key, text(opened(written[key] ?? null, crypter))])),
    secretKeys: new Set(keys.filter((key) => holdsSecret(written[key] ?? null))),
  };
}

/** The same with `[secret]` in place of every secret: for showing. */
export function blindConfig(written: Record<string, Value>): Record<string, string> {
  return Object.fromEntries(openConfig(written, { decrypt: () => "[secret]" }).values);
}

/** What the CLI gives a package's default provider: the configuration in the package's own namespace. */
export function packageConfig(config: Config, packageName: string): Properties {
  const own = [...config.values].filter(([key]) => key.startsWith(`${packageName}:`));
  return Object.fromEntries(
    own.map(([key, value]) => [key.slice(packageName.length + 1), config.secretKeys.has(key) ? secret(value) : value]),
  );
}

/** Splits what a person types into the configuration's key and the path inside it: `machine.kind` → `nemoclaw:machine`, `kind`. */
export function parseKey(typed: string, project: string, path: boolean): { key: string; path: PropertyPath } {
  const [, namespace = project, rest = typed] = /^([^:[\]".]+):(?:config:)?(.+)$/.exec(typed) ?? [];
  const [first, ...deeper] = path ? parsePath(rest) : [rest];
  if (typeof first !== "string" || first === "")
    throw new EngineError(`"${typed}" is not a configuration key`, { exitCode: 64 });
  return { key: `${namespace}:${first}`, path: deeper };
}

/** A typed value inside a path: numbers and booleans are meant as such, as in the CLI. */
export function coerce(typed: string): Value {
  if (typed === "true" || typed === "false") return typed === "true";
  if (/^(0|-?[1-9]\d{0,14})$/.test(typed)) return Number(typed);
  return typed;
}

/** A value at a path, as it is written; undefined when nothing is there. */
export function at(written: Value | undefined, path: PropertyPath): Value | undefined {
  return path.reduce<Value | undefined>((value, step) => {
    if (Array.isArray(value)) return value[Number(step)];
    return isObject(value) ? value[step] : undefined;
  }, written);
}

export function opened(written: Value, crypter: Pick<Crypter, "decrypt">): Value {
  if (Array.isArray(written)) return written.map((inner) => opened(inner, crypter));
  if (!isObject(written)) return written;
  if (isSealed(written)) return crypter.decrypt(written.secure);
  return Object.fromEntries(Object.entries(written).map(([key, inner]) => [key, opened(inner, crypter)]));
}

function isSealed(written: Properties): written is { secure: string } {
  return Object.keys(written).length === 1 && typeof written.secure === "string";
}

export function holdsSecret(written: Value): boolean {
  if (Array.isArray(written)) return written.some(holdsSecret);
  return isObject(written) && (isSealed(written) || Object.values(written).some(holdsSecret));
}

/**
 * A value as one text. Objects come out exactly as Go's JSON writes them, because the default provider's inputs are
 * compared as texts and the CLI must find no change in a checkpoint of ours.
 */
export function text(value: Value): string {
  if (value === null) return "";
  return typeof value === "object" ? goJson(value) : String(value);
}

function goJson(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(goJson).join(",")}]`;
  if (isObject(value)) {
    const sorted = Object.keys(value).sort();
    return `{${sorted.map((key) => `${goJson(key)}:${goJson(value[key] ?? null)}`).join(",")}}`;
  }
  const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, escaped);
}
