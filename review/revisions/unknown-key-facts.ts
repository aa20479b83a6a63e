import { canonical } from "../../policies/canonical.ts";
import type { Fact } from "../facts.ts";
import { isObject, show } from "../values.ts";
import { isSealed } from "./sealed-values.ts";
import { isSecretName, keyOf } from "./stack-file.ts";

type Beside = Readonly<Record<string, unknown>>;

/**
 * What stands in a file that Pulumi reads under another name than those of which something else is told. A version of it may read that one,
 * so what it does is not comparable; also of a file that is new.
 */
export function unknownKeyFacts(
  was: Beside = {},
  is: Beside | undefined,
  known: readonly string[],
  note: string,
): Fact[] {
  if (is === undefined) return [];
  const [before, after] = [new Map(Object.entries(was)), new Map(Object.entries(is))];
  const names = [...new Set([...before.keys(), ...after.keys()])].filter((name) => !known.includes(name)).sort();
  return names
    .filter((name) => canonical({ value: before.get(name) }) !== canonical({ value: after.get(name) }))
    .map((what) => {
      const [from, to] = [before, after].map((side) =>
        side.has(what) ? show(withoutSecrets(side.get(what), what)) : undefined,
      );
      const other = from !== undefined && from === to ? ", another one" : "";
      return { what, before: from, after: to && `${to}${other}`, effect: "unclear", note };
    });
}

/** A value with what a report knows as a secret in the place of each that is one, by its form or by its name. */
function withoutSecrets(value: unknown, name: string): unknown {
  if (isSealed(value) || isSecretName(keyOf(name))) return "[secret]";
  if (Array.isArray(value)) return value.map((one) => withoutSecrets(one, name));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutSecrets(inner, key)]));
}
