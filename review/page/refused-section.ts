import type { Report } from "../report.ts";
import type { Section } from "./outline.ts";

/** That nothing could be compared with the older revision, and why. */
export function refusedSection({ refused }: Report): Section | undefined {
  if (refused === undefined) return undefined;
  const { revision, faults } = refused;
  return {
    title: "What stood before",
    short: `not known: the settings at ${revision} are refused`,
    tone: "warn",
    open: true,
    tables: [
      {
        head: ["Refused, as the program of this checkout would"],
        rows: faults.map((fault) => [fault.replaceAll(/:?\n[ \n]*/g, ": ")]),
      },
    ],
    note: "What the revisions tell is told as if nothing had stood before. A preview looks at what does; or compare with a revision whose settings can be taken.",
  };
}
