import type { Report } from "../report.ts";
import { type Outline, outlineOf } from "./outline.ts";

/** The report of what changed without an update alone; what the code would change besides is left to a review. */
export function driftOutline(report: Report): Outline {
  const none = {
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
  const { sections, compared } = outlineOf({ ...report, ...none });
  const { drift = [], driftAccess } = report;
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
  return {
    title: `Drift of ${report.stack}`,
    headline: drift.length === 0 ? "No drift" : parts.join("; "),
    exitCode: drift.length === 0 ? 0 : 2,
    compared,
    sections,
  };
}
