import { canonical } from "../../policies/canonical.ts";
import type { Fact } from "../facts.ts";
import { isOfOthers, type StackFile } from "./stack-file.ts";

const note = "where a provider works and as whom is not looked into";

/**
 * The settings of others that two stack files differ in: `aws:endpoints`, `gcp:impersonateServiceAccount`. By name alone, since nobody
 * here knows which of them are secret.
 */
export function providerSettings(was: StackFile | undefined, is: StackFile | undefined): Fact[] {
  if (is === undefined) return [];
  const [before, after] = [was?.config ?? new Map<string, unknown>(), is.config];
  const named = [...new Set([...before.keys(), ...after.keys()])].filter(isOfOthers).sort();
  return named
    .filter((key) => canonical({ value: before.get(key) }) !== canonical({ value: after.get(key) }))
    .map((key) => ({
      what: key,
      ...(before.has(key) ? { before: "one" } : {}),
      ...(after.has(key) ? { after: before.has(key) ? "another one" : "one" } : {}),
      effect: "unclear",
      note,
    }));
}
