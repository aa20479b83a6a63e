import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import type { Report } from "../../review/report.ts";
import { type Planned, previewJson } from "./preview-fixture.ts";

/** What a review says of the preview of a made-up stack. */
export function reviewed(...planned: Planned[]): Report {
  return reportOfPreview({ stack: "prod", preview: readPreview(previewJson(planned), "it"), compared: "it" });
}

/** What counts as widening, by name and with what it is now. */
export function alarms({ exposure, unjudged }: Report): (string | undefined)[][] {
  return [...exposure, ...unjudged]
    .filter(({ effect }) => effect === "widens" || effect === "unclear")
    .map(({ what, after }) => [what, after]);
}
