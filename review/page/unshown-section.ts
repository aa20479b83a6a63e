import type { Report } from "../report.ts";
import type { Section } from "./outline.ts";

/** What the revisions change and the preview beside them does not show. */
export function unshownSection({ unshown = [] }: Report): Section | undefined {
  if (unshown.length === 0) return undefined;
  return {
    title: "Not in the preview",
    short: `the revisions change ${unshown.join(", ")}; the preview shows nothing of it`,
    tone: "warn",
    open: true,
    tables: [],
    note: "The preview is an older one or of another checkout, or this has been applied already. A new preview of the newer revision tells.",
  };
}
