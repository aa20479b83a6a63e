import type { AccessChange } from "../policies/diff.ts";
import { accessChanges, compare } from "./access.ts";
import { type Drift, driftOf, type Recorded, recordedIn } from "./drift.ts";
import { nameOf, type Preview } from "./preview.ts";
import { exposureFacts, modelFacts, versionFacts } from "./preview-facts.ts";
import type { Report, SecretChange } from "./report.ts";
import { type ResourceChange, resourceChanges } from "./resource-changes.ts";

export interface PreviewSource {
  readonly stack: string;
  readonly preview: Preview;
  /** What the state had before the preview looked; by default what the preview itself tells of it. */
  readonly recorded?: ReadonlyMap<string, Recorded>;
  readonly compared: string;
}

/** The report of a preview. */
export function reportOfPreview({ stack, preview, recorded = recordedIn(preview), compared }: PreviewSource): Report {
  const resources = resourceChanges(preview);
  // Without a look at the real things there is nothing to say of drift, which is not the same as none.
  const drift = recorded.size > 0 ? driftOf(resources, recorded) : undefined;
  return {
    stack,
    compared,
    resources,
    expected: [],
    access: accessChanges(resources),
    model: modelFacts(resources),
    versions: versionFacts(resources),
    exposure: exposureFacts(resources),
    settings: [],
    secrets: secretChanges(resources),
    drift,
    driftAccess: (drift ?? []).flatMap((one) => driftedAccess(one, resources, recorded)),
    warnings: preview.warnings.map(({ message, urn }) => (urn ? `${nameOf(urn)}: ${message}` : message)),
  };
}

function secretChanges(resources: readonly ResourceChange[]): SecretChange[] {
  return resources.flatMap(({ name, operation, rotated, secrets, values, before, after }): SecretChange[] => {
    if (operation === "create") return [];
    const own = secrets.filter((key) => key !== "machine");
    const told = own.flatMap((key): SecretChange[] => {
      const [was, is] = [before?.inputs?.[key], after?.inputs?.[key]];
      if (operation !== "delete" && was === undefined) return [{ name: `${key} of ${name}`, kind: "new" }];
      if (operation !== "delete" && is === undefined) return [{ name: `${key} of ${name}`, kind: "gone" }];
      return rotated.includes(key) && operation === "update"
        ? [
            {
              name: `${key} of ${name}`,
              kind: "changed",
              note: values.length === 0 ? "the only thing that can have changed" : undefined,
            },
          ]
        : [];
    });
    return told;
  });
}

function driftedAccess(
  { urn, type, gone }: Drift,
  resources: readonly ResourceChange[],
  recorded: ReadonlyMap<string, Recorded>,
): AccessChange[] {
  if (!/:(NetworkPolicy|Sandbox)$/.test(type) || gone) return [];
  return compare(type, recorded.get(urn)?.inputs, resources.find((one) => one.urn === urn)?.before?.inputs, urn);
}
