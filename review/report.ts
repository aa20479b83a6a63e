import type { Drift } from "./drift/drift.ts";
import type { Fact } from "./facts.ts";
import type { DriftedAccess, ToldAccess } from "./preview/access.ts";
import type { GuardrailResults } from "./preview/guardrails.ts";
import type { ResourceChange } from "./preview/resource-changes.ts";
import type { Refused } from "./revisions/refused-settings.ts";

/** What a reviewer is shown. */
export interface Report {
  readonly stack: string;
  /** What was compared: `pulumi preview --refresh`, `main … HEAD`. */
  readonly compared: string;
  readonly resources: readonly ResourceChange[];
  /** Replacements and ends that the settings ask for, where no preview tells. */
  readonly expected: readonly Expected[];
  /** The older revision, where nothing could be compared with it. */
  readonly refused?: Refused;
  readonly access: readonly ToldAccess[];
  readonly model: readonly Fact[];
  readonly versions: readonly Fact[];
  readonly exposure: readonly Fact[];
  /** What a preview makes or changes and no rule looks into. */
  readonly unjudged: readonly Fact[];
  /** Whom else the machine trusts. */
  readonly trust: readonly Fact[];
  /** Settings that none of the other parts is about. */
  readonly settings: readonly Fact[];
  readonly secrets: readonly SecretChange[];
  /** Not there when nobody looked. */
  readonly drift?: readonly Drift[];
  /** Where more may have been let in than the stack manages, and what was found is not shown. */
  readonly unseen?: readonly string[];
  readonly driftAccess: readonly DriftedAccess[];
  /** Not there where no preview tells what the resources will be. */
  readonly guardrails?: GuardrailResults;
  /** Warnings of the preview. */
  readonly warnings: readonly string[];
  /** Files that have changed, and of which nothing was read. */
  readonly unread: readonly string[];
  /** What revisions change and the preview beside them shows nothing of, in words. */
  readonly unshown?: readonly string[];
}

/** A replacement, or an end, that the settings or what is pinned ask for. */
export interface Expected {
  readonly label: string;
  readonly because: string;
  readonly lost: string;
  /** Whether the record of it stays, as in a change of a resource. */
  readonly madeAnew?: boolean;
  /** Whether nothing takes its place. */
  readonly deleted?: boolean;
}

/** A secret whose value is another one now; the value itself is never looked at. */
export interface SecretChange {
  readonly name: string;
  readonly kind: "new" | "changed" | "gone";
  /** True when it is only what cannot be excluded. */
  readonly guessed?: boolean;
  readonly note?: string;
}

/** How much a report weighs: 0 nothing, 2 changes, 3 widens access, 4 replaces or destroys data. */
export interface Verdict {
  readonly exitCode: 0 | 2 | 3 | 4;
  readonly headline: string;
}

/** What counts most in a report. */
export function verdictOf(report: Report): Verdict {
  const replaces = report.resources.some(({ operation, lost }) => operation === "replace" || lost !== undefined);
  if (replaces || report.expected.length > 0)
    return { exitCode: 4, headline: headline(report, "Replaces or destroys data") };
  if (widens(report)) return { exitCode: 3, headline: headline(report, "Widens access") };
  if (isChange(report)) return { exitCode: 2, headline: headline(report, "Changes, none of which widens access") };
  if (report.unshown && report.unshown.length > 0) return { exitCode: 2, headline: onlyUnshown };
  if (report.unread.length > 0) return { exitCode: 2, headline: onlyUnread };
  return { exitCode: 0, headline: headline(report, "Nothing changes") };
}

/** Whether anything lets more in or out than before, breaks a guardrail, or cannot be told not to. */
export function widens({ access, exposure, unjudged, trust, model, versions, settings, guardrails }: Report): boolean {
  const facts = [...exposure, ...unjudged, ...trust, ...model, ...versions, ...settings];
  if (guardrails?.broken.some(({ changes }) => changes)) return true;
  return [...access, ...facts].some(({ effect }) => effect === "widens" || effect === "unclear");
}

const onlyUnshown = "The preview shows nothing of what the revisions change";
const onlyUnread = "Nothing of what was read changes, and files do that were not read";

function headline(report: Report, first: string): string {
  const parts = [first];
  if (!first.startsWith("Widens") && widens(report)) parts.push("widens access");
  if ((report.guardrails?.broken.length ?? 0) > 0) parts.push("breaks a guardrail");
  if (report.drift?.some(isUndone)) parts.push("undoes drift");
  if (report.unshown && report.unshown.length > 0) parts.push("does not show all that the revisions change");
  if (report.unread.length > 0) parts.push("changes files that were not read");
  return parts.join("; ");
}

/** Whether an update undoes any of a drift. It does nothing about what the code wants by now as it was found, and what it does not manage. */
export function isUndone({ gone, secrets, values }: Drift): boolean {
  return gone || secrets.length > 0 || values.some(({ update }) => update !== "keeps" && update !== "leaves");
}

function isChange(report: Report): boolean {
  const { resources, access, model, versions, exposure, trust, settings, secrets, drift = [] } = report;
  return [resources, access, model, versions, exposure, trust, settings, secrets, drift].some(
    (list) => list.length > 0,
  );
}
