import { expect, test } from "vitest";
import { htmlOf } from "../../review/page/html.ts";
import { markdownOf } from "../../review/page/markdown.ts";
import { outlineOf } from "../../review/page/outline.ts";
import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import type { Report } from "../../review/report.ts";
import { block, network, previewJson } from "../support/preview-fixture.ts";

const pages = (report: Report) =>
  [markdownOf, htmlOf].map((page) =>
    page(outlineOf(report)).replaceAll(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code))),
  );

test.each(["a`b", "`*`", "``", "` and `"])(
  "a backtick in text is a backtick, and changes no code beside it: %j",
  (value) => {
    const full = (more: object) => ({ a: block("api.example.com", { access: "full", ...more }) });
    const denied = full({ deny_rules: [{ method: "GET", path: "/**", query: { q: value } }] });
    const preview = readPreview(previewJson([network(denied, full({}))]), "it");
    const report = reportOfPreview({ stack: "prod", preview, compared: "" });
    const everywhere: Report = {
      ...report,
      access: report.access.map((one) => ({ ...one, example: "GET https://x" })),
      exposure: [{ what: `a ${value} b`, before: "x", after: "y", note: `c ${value} d` }],
      guardrails: {
        judged: 1,
        kept: [],
        broken: [],
        taken: [{ name: "one", resource: "it", reason: `e ${value} f` }],
      },
      refused: { revision: "main", faults: [`g ${value} h`] },
      warnings: [`i ${value} j`],
    };
    for (const page of pages(everywhere)) {
      for (const said of [`a ${value} b`, `c ${value} d`, `e ${value} f`, `g ${value} h`, `i ${value} j`])
        expect(page).toContain(said);
      expect(page).toContain(`?q=${value} before`);
      expect(page).toContain("such as <code>GET https://x</code>");
    }
  },
);
