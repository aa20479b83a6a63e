import { type Fact, fact } from "../facts.ts";
import { isObject, show, shown, type ValueChange, valueChanges } from "../values.ts";
import type { ResourceChange } from "./resource-changes.ts";

const note = "where a provider works and as whom is not looked into";

/** Settings of a provider that decide neither where it works nor as whom. */
const plain = /^(version|defaultTags|defaultLabels)(\.|$)/;

/** What a new provider has by itself, or by the settings of its machine, which are told as such. */
const usual = /^(region|zone|project|allowedAccountIds)(\.|$)/;
const usualValues: Readonly<Record<string, string>> = {
  skipCredentialsValidation: "false",
  skipRegionValidation: "true",
};

/**
 * What changes of the providers, which make and change everything else: where they send what they do, with whose credentials, for whom
 * they act. The Pulumi CLI shows only those that the program makes itself; the others have it from settings, which revisions tell.
 */
export function providerFacts(changes: readonly ResourceChange[]): Fact[] {
  return withDefaults(changes).flatMap((change): Fact[] => {
    const { operation, before, after } = change;
    if (after === undefined) return [];
    const told = valueChanges(before?.inputs ?? {}, after.inputs ?? {}).filter(isTold);
    const values = before === undefined ? told.filter((one) => !isUsual(one)) : told;
    // Two secrets look alike, whatever else changes.
    const secrets = [...new Set([...change.secrets.changed, ...change.secrets.drifted])];
    if (values.length + secrets.length === 0 && operation !== "create" && versionOf(change).length === 0)
      return [{ what: called(change), effect: "unclear", note: "the preview does not show what of it changes" }];
    return [
      ...secrets.map(
        (path): Fact => ({ what: `${path} of ${called(change)}`, after: "another secret", effect: "unclear", note }),
      ),
      ...values.map(({ path, before: was, after: is }) => ({
        what: `${path} of ${called(change)}`,
        before: shown(was),
        after: shown(is),
        ...(plain.test(path) ? {} : ({ effect: "unclear", note } as const)),
      })),
    ];
  });
}

/** Which releases of the providers do it. */
export function providerVersions(changes: readonly ResourceChange[]): Fact[] {
  return withDefaults(changes).flatMap(versionOf);
}

function versionOf(change: ResourceChange): Fact[] {
  const [was, is] = [change.before, change.after].map((state) => state && show(state.inputs?.version ?? "no version"));
  return fact(called(change), was, is);
}

const called = ({ type, name }: ResourceChange) => `provider ${type.split(":").at(-1)} ${name}`;

/** A default provider of another version is another resource: the one that goes is what stood before. */
function withDefaults(changes: readonly ResourceChange[]): ResourceChange[] {
  return [
    ...Map.groupBy(changes, ({ type, name }) => (/^default(_|$)/.test(name) ? type : `${type} ${name}`)).values(),
  ].flatMap((same) => {
    const [gone, made] = [same.filter(({ after }) => !after), same.filter(({ before }) => !before)];
    if (same.length !== 2 || !gone[0] || !made[0]) return same;
    return [{ ...made[0], before: gone[0].before }];
  });
}

function isTold({ path, before, after }: ValueChange): boolean {
  const empty = [before, after].every(
    (value) => value === undefined || (isObject(value) && Object.keys(value).length === 0),
  );
  return path !== "version" && !empty;
}

function isUsual({ path, after }: ValueChange): boolean {
  return plain.test(path) || usual.test(path) || (path in usualValues && usualValues[path] === after);
}
