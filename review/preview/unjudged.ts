import type { Fact } from "../facts.ts";
import { shown } from "../values.ts";
import { isKnownProperty, isKnownType } from "./declared-types.ts";
import type { ResourceChange } from "./resource-changes.ts";

/**
 * What is made or changed and no rule looks into: resources of types that the components do not make, and of theirs what they do not
 * give them. It may open anything, so it is told with all that it is given.
 */
export function unjudged(changes: readonly ResourceChange[]): Fact[] {
  return changes.flatMap((change) => {
    const { type, label, name, operation, values } = change;
    if (operation === "delete") return [];
    const foreign = !isKnownType(type);
    // What a provider fills in by itself, a new resource of the components' has as well.
    if (!foreign && operation === "create") return [];
    const told = values.filter(({ path }) => foreign || !isKnownProperty(type, path.split(".")[0] ?? ""));
    const note = `what this opens is not looked into: ${type}`;
    if (foreign && told.length === 0) return [{ what: `${label} ${name}`, effect: "unclear", note } as const];
    return told.map(
      ({ path, before, after }): Fact => ({
        what: `${path} of ${label} ${name}`,
        before: shown(before),
        after: shown(after),
        effect: "unclear",
        note,
      }),
    );
  });
}
