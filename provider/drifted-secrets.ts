import { isDeepStrictEqual } from "node:util";
import { printPath } from "./check.ts";
import { at, type Path } from "./wire.ts";

/** The output that names the secrets of which a machine holds another one than the last update left there; reviews and `scripts/status` read it. */
export const driftedSecretsOutput = "driftedSecrets";

/**
 * Which secrets a look found to be others, by property path: `["key"]`. Both values are secret and show alike, so without
 * these names nobody could tell a secret that was changed on the machine from one that is rotated in the code.
 *
 * @param state what the state had before the look, which may itself name secrets that an earlier look found to be others
 * @example
 * driftedSecrets({ key: "a" }, { key: "differs on the machine" }, [["key"]]); // ["key"]
 */
export function driftedSecrets(
  state: Readonly<Record<string, unknown>>,
  found: Readonly<Record<string, unknown>>,
  secrets: readonly Path[],
): string[] {
  const earlier = state[driftedSecretsOutput];
  const known = Array.isArray(earlier) ? earlier : [];
  return secrets
    .filter((path) => !isDeepStrictEqual(at(state, path), at(found, path)) || known.includes(printPath(path)))
    .map(printPath);
}
