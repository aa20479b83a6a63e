import { isObject, isUntold } from "../values.ts";
import type { Form } from "./given-forms.ts";
import { isPartOf } from "./input-changes.ts";
import type { PreviewStep } from "./preview-step.ts";
import { namedPaths } from "./property-path.ts";

/** By what a command is let in, and how long it tries: neither says where it runs. */
const besides =
  /^connection\.(proxy\.)?(privateKey|privateKeyPassword|password|agentSocketPath|dialErrorLimit|perDialTimeout)$/;

/** How a command comes to where it runs, and how that is known: of the components' commands it is told as their machine's. */
export const wayOfCommand: Form = (value, around, path) => {
  if (around.isNew || around.ofSite) return [];
  if (!isObject(value) || isUntold(value)) return [{ path, value, kind: "fixed" }];
  return Object.entries(value).flatMap(([name, part]) => {
    const inside = `${path}.${name}`;
    if (name === "proxy") return wayOfCommand(part, around, inside);
    return besides.test(inside) ? [] : [{ path: inside, value: part, kind: "fixed" as const }];
  });
};

/**
 * Whether another secret in a connection is by what the command is let in alone: by its own name, or by those that the preview gives of
 * what changes inside.
 */
export function isOnlyKey(secret: string, urn: string, steps: readonly PreviewStep[]): boolean {
  const named = namedPaths(steps.filter((step) => step.urn === urn)).filter((path) => isPartOf(path, secret));
  return besides.test(secret) || (named.length > 0 && named.every((path) => besides.test(path)));
}
