import { authoritiesIn, trustFacts } from "../authorities.ts";
import { driftBeside, driftOf, type Recorded, recordedIn } from "../drift/drift.ts";
import type { Report, SecretChange } from "../report.ts";
import { isObject } from "../values.ts";
import { accessChanges, driftedAccess } from "./access.ts";
import { groupDoors } from "./group-doors.ts";
import { guardrailResults } from "./guardrails.ts";
import { isSameFact, withKept } from "./kept-facts.ts";
import { lookedAt } from "./looked-at.ts";
import { openedBeside, unseenBeside } from "./opened-beside.ts";
import { ownNames } from "./own-names.ts";
import type { Preview } from "./preview.ts";
import { exposureFacts } from "./preview-exposure.ts";
import { modelFacts, type PriceOf, versionFacts } from "./preview-facts.ts";
import { nameOf } from "./preview-step.ts";
import { providerFacts, providerVersions } from "./provider-facts.ts";
import { providerChanges, type ResourceChange, resourceChanges, type StateInputs } from "./resource-changes.ts";
import { changesSinceUpdate } from "./since-update.ts";
import { unjudged } from "./unjudged.ts";
import { factsOfEach, type Whose, whoseAmong } from "./whose.ts";

export interface PreviewSource {
  readonly stack: string;
  readonly preview: Preview;
  /** What the state had before the preview looked; by default what the preview itself tells of it. */
  readonly recorded?: ReadonlyMap<string, Recorded>;
  readonly compared: string;
  readonly priceOf?: PriceOf;
}

/** The report of a preview. */
export function reportOfPreview(source: PreviewSource): Report {
  const { stack, preview, recorded = recordedIn(preview), compared, priceOf = () => undefined } = source;
  const [resources, providers] = [resourceChanges(preview), providerChanges(preview)];
  const isOwn = ownNames(preview.steps);
  const whose = whoseAmong([...preview.steps.map(({ urn }) => urn), ...recorded.keys()]);
  const ofGroups = groupDoors(preview, resources, recorded);
  // Without a look at the real things there is nothing to say of drift, which is not the same as none.
  const standing = lookedAt(preview.steps);
  const sinceUpdate = changesSinceUpdate(resources, preview.steps, recorded);
  const exposure = withKept(resources, sinceUpdate, (changes) => [
    ...ofGroups(changes),
    ...exposureFacts(changes, isOwn, preview.steps, whose),
  ]);
  // What was put beside and the program gives itself by now is told once.
  const beside = openedBeside(standing, { changes: resources, recorded }).flatMap(({ facts, ...one }) => {
    const others = facts.filter((each) => !exposure.some((other) => isSameFact(each, other)));
    return others.length > 0 ? [{ ...one, facts: others }] : [];
  });
  const drift = recorded.size > 0 ? [...driftOf(resources, recorded), ...driftBeside(beside)] : undefined;
  return {
    stack,
    compared,
    resources,
    expected: [],
    access: accessChanges(resources, whose, sinceUpdate),
    model: withKept(resources, sinceUpdate, (changes) => modelFacts(changes, whose)),
    versions: [...versionFacts(resources, priceOf, whose), ...providerVersions(providers)],
    exposure: [...beside.flatMap(({ facts }) => facts), ...exposure],
    unjudged: withKept(resources, sinceUpdate, (changes) => unjudged(changes, isOwn, preview.steps)),
    trust: withKept(resources, sinceUpdate, (changes) => trustChanges(changes, whose)),
    settings: providerFacts(providers),
    secrets: secretChanges(resources),
    drift,
    unseen: unseenBeside(standing),
    driftAccess: (drift ?? []).flatMap(({ urn }) => {
      const [change, left] = [resources.find((one) => one.urn === urn), recorded.get(urn)];
      return change && left ? driftedAccess(change, left.inputs, whose) : [];
    }),
    guardrails: guardrailResults(preview.steps),
    unread: [],
    warnings: preview.warnings.map(({ message, urn }) => (urn ? `${nameOf(urn)}: ${message}` : message)),
  };
}

/** What the runtime is given; the other resources that take the same authorities are given no others. */
function trustChanges(resources: readonly ResourceChange[], whose: Whose) {
  const authorities = (inputs: StateInputs) => authoritiesIn(isObject(inputs?.mirrors) ? inputs.mirrors.ca : undefined);
  return factsOfEach(resources, /^nemoclaw:host:SandboxRuntime$/, whose, (before, after) =>
    after === undefined ? [] : trustFacts(authorities(before), authorities(after)),
  );
}

function secretChanges(resources: readonly ResourceChange[]): SecretChange[] {
  const own = resources.filter(({ operation }) => operation !== "create");
  return own
    .flatMap(({ name, operation, secrets }): SecretChange[] => {
      const { before, after, changed, drifted, named } = secrets;
      // The connection to the machine is part of everything that stands on it; said once, below.
      const mine = (path: string) => !path.startsWith("machine.");
      const entry = (path: string, kind: SecretChange["kind"], more: Partial<SecretChange> = {}) => ({
        name: `${path} of ${name}`,
        kind,
        ...more,
      });
      if (operation === "delete") return [];
      const fresh = after.filter((path) => mine(path) && !before.includes(path)).map((path) => entry(path, "new"));
      const gone = before.filter((path) => mine(path) && !after.includes(path)).map((path) => entry(path, "gone"));
      const both = changed.filter((path) => mine(path) && before.includes(path));
      const more = (path: string) => (drifted.includes(path) ? { note: otherThere } : named ? {} : onlyGuess);
      return [...fresh, ...gone, ...both.map((path) => entry(path, "changed", more(path)))];
    })
    .concat(connectionSecrets(own));
}

const onlyGuess = { note: "the only thing that can have changed", guessed: true };
const otherThere = "the machine holds another one than the last update left there";

function connectionSecrets(resources: readonly ResourceChange[]): SecretChange[] {
  const paths = resources.flatMap(({ secrets: { changed, before } }) =>
    changed.filter((path) => path.startsWith("machine.") && before.includes(path)),
  );
  return [...Map.groupBy(paths, (path) => path)].map(([path, { length }]) => ({
    name: path,
    kind: "changed",
    note: `in the connection of ${length === 1 ? "one resource" : `${length} resources`}`,
  }));
}
