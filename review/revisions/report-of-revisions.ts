import { tellsPrograms } from "../../policies/as-enforced.ts";
import { type DiffSide, diffPolicies } from "../../policies/diff.ts";
import { mergePolicies } from "../../policies/merge.ts";
import { describedSetting } from "../../stacks/settings/settings-schema.ts";
import { authoritiesAt, trustFacts } from "../authorities.ts";
import { type Fact, fact } from "../facts.ts";
import { notLookedInto } from "../not-looked-into.ts";
import { type PriceOf, priceNote } from "../preview/preview-facts.ts";
import type { Expected, Report, SecretChange } from "../report.ts";
import { ReviewError } from "../review-error.ts";
import { isObject, shown, type ValueChange, valueChanges } from "../values.ts";
import { agentFacts } from "./agent-facts.ts";
import { besideFacts } from "./beside-facts.ts";
import { expectedReplacements } from "./expected-replacements.ts";
import { lockFacts } from "./lock-facts.ts";
import { notingReads } from "./noted-reads.ts";
import { projectFacts } from "./project-facts.ts";
import { providerSettings } from "./provider-settings.ts";
import { type Refused, refusedBefore, refuseSettings } from "./refused-settings.ts";
import type { Revision } from "./revision.ts";
import { sealedSettings } from "./sealed-settings.ts";
import { settingExposure } from "./setting-exposure.ts";
import { type Settings, section } from "./settings.ts";
import { type StackAt, stackAt } from "./stack-at.ts";
import { stackFileAt, stackFileOf } from "./stack-file.ts";
import { unreadFiles } from "./unread-files.ts";

/**
 * The report of what two revisions configure for a stack; nothing is asked of the machine.
 *
 * @throws ReviewError when neither has the stack, one of them cannot be read, or the newer one cannot be taken
 */
export function reportOfRevisions(
  asked: string,
  older: Revision,
  newer: Revision,
  priceOf: PriceOf = () => undefined,
): Report {
  // A stack file bears the stack's own name, without organization and project.
  const stack = asked.split("/").at(-1) ?? asked;
  const read = new Set<string>();
  const [from, to] = [notingReads(older, read), notingReads(newer, read)];
  const refused = refusedBefore(older, stack);
  const written = [refused ? undefined : stackAt(from, stack), stackAt(to, stack)] as const;
  const [was, is] = alike(...written);
  if (refused === undefined && was === undefined && is === undefined) {
    const hint = stack.startsWith("local")
      ? "its file is not tracked; scripts/review without --from looks at the machine"
      : "the name of a tracked stack file";
    throw new ReviewError(`neither ${from.name} nor ${to.name} has ${stackFileOf(stack)}`, hint);
  }
  refuseSettings(newer, stack);
  const { changes } = diffPolicies(sideOf(was), sideOf(is));
  const [before, after] = [was?.settings ?? {}, is?.settings ?? {}];
  const exposed = settingExposure(before, after);
  const authorities = [authoritiesAt(from, before), authoritiesAt(to, after)] as const;
  const versions = [...agentFacts(from, to), ...lockFacts(from, to)];
  const trust = trustFacts(...authorities);
  const said = [
    ...exposed.flatMap(({ settings, facts }) => (facts.length > 0 ? settings : [])),
    ...(trust.length > 0 ? ["mirrors.ca"] : []),
  ];
  const project = projectFacts(older, newer);
  // Of what it says to people nothing is told.
  if (project.length > 0) read.add("Pulumi.yaml");
  const stackFiles = [stackFileAt(from, stack), stackFileAt(to, stack)] as const;
  const report = {
    stack: asked,
    compared: `what ${shortName(from)} and ${shortName(to)} configure`,
    resources: [],
    expected: refused && is ? [untold(refused)] : expectedReplacements(was, is, { versions, authorities }),
    refused,
    access: changes,
    model: model(before, after),
    versions,
    exposure: exposed.flatMap(({ facts }) => facts),
    unjudged: [],
    trust,
    settings: [
      ...others(written, [before, after], said, priceOf),
      ...sealedSettings(...stackFiles),
      ...providerSettings(...stackFiles),
      ...besideFacts(...stackFiles),
      ...project,
    ],
    secrets: secrets(stackFiles[0]?.secrets ?? new Map(), stackFiles[1]?.secrets ?? new Map()),
    drift: undefined,
    driftAccess: [],
    warnings: [],
  };
  const settingsElsewhere = stackFiles.some((file) => file?.beside.environment !== undefined);
  return { ...report, unread: unreadFiles(from, to, read, settingsElsewhere) };
}

/** Both with the program's defaults, so that one that is written out is no change; where it does not take one, both as written. */
function alike(was: StackAt | undefined, is: StackAt | undefined): readonly [StackAt | undefined, StackAt | undefined] {
  if (was?.filled === undefined || is?.filled === undefined) return [was, is];
  return [
    { ...was, settings: was.filled },
    { ...is, settings: is.filled },
  ];
}

// What cannot be told not to be replaced counts as replaced.
function untold({ revision }: Refused): Expected {
  const because = `the settings at ${revision} are refused, so what stands is not known from them; a preview tells`;
  return { label: "perhaps whatever stands there", because, lost: "cannot be told" };
}

function sideOf(at: StackAt | undefined): DiffSide {
  return at ? { ...at, tellsPrograms: tellsPrograms(at.runtime) } : { policy: mergePolicies([]) };
}

function shortName({ name, commit }: Revision): string {
  return commit.startsWith(name) ? commit.slice(0, 12) : `${name} (${commit.slice(0, 12)})`;
}

function model(before: Settings, after: Settings): Fact[] {
  const [was, is] = [section(before, "inference"), section(after, "inference")];
  const moved = {
    effect: is.kind === undefined ? "narrows" : "widens",
    note: "what the agent writes goes there",
  } as const;
  return [
    ...fact("provider", shown(was.kind), shown(is.kind), moved),
    ...fact("model", shown(was.model), shown(is.model)),
    ...fact("sent to", shown(was.baseUrl), shown(is.baseUrl), moved),
  ];
}

// What the other parts are about is not said twice.
const told = ["policy.presets", "policy.file", "inference.kind", "inference.model", "inference.baseUrl"];

/**
 * What is written otherwise and comes to something else.
 *
 * @param said the settings that another part of the report has told about
 */
function others(
  written: readonly [StackAt | undefined, StackAt | undefined],
  [before, after]: readonly [Settings, Settings],
  said: readonly string[],
  priceOf: PriceOf,
): Fact[] {
  const [was, is] = written.map((at) => at?.settings ?? {});
  const touched = valueChanges(was, is).flatMap(inParts);
  return valueChanges(before, after)
    .flatMap(inParts)
    .filter(({ path }) => touched.some((one) => within(path, one.path) || within(one.path, path)))
    .filter(({ path }) => !told.includes(path) && !said.includes(path))
    .map((change) => {
      const { path } = change;
      const [was, is] = [shown(change.before), shown(change.after)];
      const price = /^machine\.\w+Type$/.test(path) ? priceNote(was, is, priceOf) : undefined;
      const note = price ?? inShort(describedSetting(path, after) ?? describedSetting(path, before));
      return { what: path, before: was, after: is, ...(note && { note }), ...notLookedInto(change, after) };
    });
}

/** The first thing that a description says; the reference has the rest. */
function inShort(description: string | undefined): string | undefined {
  return description?.split(/(?<=\.) |; /)[0];
}

function within(path: string, outer: string): boolean {
  return path === outer || path.startsWith(`${outer}.`);
}

// A section that is new or gone is told setting by setting, since some of them are told elsewhere.
function inParts(change: ValueChange): readonly ValueChange[] {
  const { path, before, after } = change;
  const whole = [before, after].find((side) => side !== undefined);
  if (!isObject(whole) || Object.keys(whole).length === 0 || (before !== undefined && after !== undefined))
    return [change];
  return valueChanges(before ?? {}, after ?? {}, path).flatMap(inParts);
}

function secrets(was: ReadonlyMap<string, string>, is: ReadonlyMap<string, string>): SecretChange[] {
  return [...new Set([...was.keys(), ...is.keys()])].sort().flatMap((name): SecretChange[] => {
    const [before, after] = [was.get(name), is.get(name)];
    if (before === after) return [];
    if (before === undefined) return [{ name, kind: "new" }];
    if (after === undefined) return [{ name, kind: "gone" }];
    return [{ name, kind: "changed", note: "or encrypted anew" }];
  });
}
