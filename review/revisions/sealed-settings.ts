import type { Fact } from "../facts.ts";
import { isSecretName, type StackFile } from "./stack-file.ts";

/** What is encrypted, is another one, and is no secret by its name: a setting like any other, of which nobody here can tell what it says. */
export function sealedSettings(was: StackFile | undefined, is: StackFile | undefined): Fact[] {
  if (is === undefined) return [];
  const [before, after] = [was?.secrets ?? new Map<string, string>(), is.secrets];
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => !isSecretName(path.split(/[.[]/)[0] ?? "") && before.get(path) !== after.get(path))
    .sort()
    .map((path) => ({
      what: path,
      ...(before.has(path) ? { before: "a secret" } : {}),
      ...(after.has(path) ? { after: before.has(path) ? "another one" : "a secret" } : {}),
      effect: "unclear",
      note: "it is encrypted, so what it says cannot be told",
    }));
}
