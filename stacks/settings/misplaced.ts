import type { Fault } from "../../policies/fault.ts";
import { nearest } from "../../policies/nearest.ts";

/** The namespace of the project's own settings. */
export const ownNamespace = "nemoclaw";

/**
 * Settings whose namespace is nearly the project's own: nobody reads them, and the engine takes every namespace.
 *
 * @param keys those of other namespaces: `aws:region`
 */
export function misplacedSettings(keys: readonly string[]): Fault[] {
  return keys.flatMap((path) => {
    const [space = "", name] = path.split(/:(.*)/s);
    if (nearest(space, [ownNamespace]) === undefined) return [];
    const message = `nobody reads the namespace ${JSON.stringify(space)}, so this would change nothing`;
    return [{ path, message, instead: `${ownNamespace}:${name}` }];
  });
}
