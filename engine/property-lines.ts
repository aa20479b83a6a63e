import { differences, type PropertyChange } from "./object-diff.ts";
import type { Paint } from "./paint.ts";
import { formatPath } from "./property-path.ts";
import type { ResourceState } from "./resource-state.ts";
import { blind, isSecret, type Properties, unknown, type Value } from "./values.ts";

const longest = 400;

/**
 * What changes in a resource, a line for each property: `~ model: "a" => "b"`. Secrets are never shown.
 *
 * The comparison is of the inputs; where they are the same the real thing has drifted, and what was observed is compared
 * with what is wanted.
 */
export function changeLines(
  before: ResourceState | undefined,
  after: ResourceState | undefined,
  paint: Paint,
): string[] {
  return changesOf(before, after).map((change) => line(change, paint));
}

export function changesOf(before: ResourceState | undefined, after: ResourceState | undefined): PropertyChange[] {
  if (!before || !after) return [];
  const wanted = after.inputs ?? {};
  const inputs = differences(before.inputs ?? {}, wanted);
  if (inputs.length > 0) return inputs;
  const outputs = before.outputs ?? {};
  const observed = Object.fromEntries(
    Object.keys(wanted).flatMap((key) => (outputs[key] === undefined ? [] : [[key, outputs[key]]])),
  );
  return differences(observed as Properties, wanted);
}

function line({ path, kind, before, after }: PropertyChange, paint: Paint): string {
  const name = formatPath(path);
  if (kind === "add") return paint("green", `+ ${name}: ${show(after)}`);
  if (kind === "delete") return paint("red", `- ${name}: ${show(before)}`);
  const changed =
    isSecret(before) && isSecret(after) ? "[secret] => [secret] (changed)" : `${show(before)} => ${show(after)}`;
  return paint("yellow", `~ ${name}: ${changed}`);
}

/** A value on one line, its secrets hidden, what is not known yet said so. */
export function show(value: Value | undefined): string {
  if (value === undefined) return "(none)";
  const text = JSON.stringify(blind(value));
  const said = text.replaceAll('"[secret]"', "[secret]").replaceAll(`"${unknown}"`, "(known after apply)");
  return said.length > longest ? `${said.slice(0, longest)}… (${said.length} characters)` : said;
}
