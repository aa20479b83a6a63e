import { cutOff, type ResourceChange } from "../preview/resource-changes.ts";
import type { Report } from "../report.ts";
import { asCode } from "./cell.ts";
import { cutOffWords } from "./cut-off-words.ts";
import { type Outline, outlineOf, type Section } from "./outline.ts";

/** The report of what changed without an update alone; what the code would change besides is left to a review. */
export function driftOutline(report: Report): Outline {
  const leftOut = {
    resources: [],
    expected: [],
    refused: undefined,
    access: [],
    model: [],
    versions: [],
    exposure: [],
    unjudged: [],
    trust: [],
    settings: [],
    secrets: [],
    guardrails: undefined,
    unread: [],
    unshown: [],
  };
  const { sections, compared } = outlineOf({ ...report, ...leftOut });
  const { drift = [], driftAccess, unseen = [] } = report;
  const none = unseen.length > 0 ? "No drift in what the preview shows" : "No drift";
  const gone = drift.filter((one) => one.gone).length;
  const parts = [
    drift.length === 1
      ? "One thing has changed without an update"
      : `${drift.length} things have changed without an update`,
    ...(gone > 0 ? [`${gone} of them gone`] : []),
    ...(driftAccess.some(({ effect, kept }) => effect === "widens" && !kept)
      ? ["the agent has more access than the code says"]
      : []),
  ];
  const cut = cutOffUpgrades(report);
  const left =
    cut.length === 0 ? [] : [cut.length === 1 ? "an upgrade was cut off" : `${cut.length} upgrades were cut off`];
  return {
    title: `Drift of ${report.stack}`,
    headline: [...(drift.length === 0 ? [none] : parts), ...left].join("; "),
    exitCode: drift.length + cut.length === 0 ? 0 : 2,
    compared,
    sections: [...(cut.length > 0 ? [cutOffSection(cut, left.join())] : []), ...sections],
  };
}

/** Those that an update has to settle: nobody knows whether what came of them works. */
export function cutOffUpgrades({ resources }: Report): readonly ResourceChange[] {
  return resources.filter((change) => change.operation === "update" && cutOff(change));
}

function cutOffSection(cut: readonly ResourceChange[], short: string): Section {
  const rows = cut.map((change) => [[`${change.label} `, asCode(change.name)], cutOffWords(change)]);
  return {
    title: "Upgrades that were cut off",
    short,
    tone: "warn",
    open: true,
    tables: [{ head: ["What", "What an update does"], rows }],
    note: "Nobody knows whether what runs works. To settle it: scripts/pulumi up --refresh -s STACK.",
  };
}
