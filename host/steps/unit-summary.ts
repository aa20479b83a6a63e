import { createHash } from "node:crypto";
import { sha256 } from "./file-facts.ts";
import type { UnitFacts } from "./systemd-unit.ts";

/** What a resource shows of its service: wanted as constants among its inputs, observed here under the same names. */
export interface ServiceSummary {
  readonly running: boolean;
  readonly enabled: boolean;
  /** First 12 digits of the unit file's sha256. */
  readonly definition: string;
}

/** The short name of a unit's text that a resource carries as `definition`. */
export function definitionOf(...texts: readonly string[]): string {
  if (texts.length === 1) return sha256(texts[0] ?? "").slice(0, 12);
  return createHash("sha256")
    .update(JSON.stringify(texts.map((text) => sha256(text))))
    .digest("hex")
    .slice(0, 12);
}

/** A service as it is: whether it runs, whether it would after a reboot, and which unit file it has. */
export function summaryOf({ state, file }: UnitFacts): ServiceSummary {
  return {
    running: state.activeState === "active" || state.activeState === "reloading",
    enabled: state.unitFileState === "enabled",
    definition: file.kind === "file" ? (file.sha256 ?? "").slice(0, 12) : "absent",
  };
}
