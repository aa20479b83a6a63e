import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { htmlOf } from "../../review/page/html.ts";
import { markdownOf } from "../../review/page/markdown.ts";
import { outlineOf } from "../../review/page/outline.ts";
import { visible, visibleJson, visibleValue } from "../../review/page/visible.ts";
import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import { previewJson } from "../support/preview-fixture.ts";

// By their names in Unicode, besides what a class of the language says.
const seenByNobody = [
  ...["\u00a0", "\u1680", "\u2000", "\u2003", "\u200a", "\u202f", "\u205f", "\u3000", "\u2028", "\u2029"],
  ...["\u00ad", "\u034f", "\u061c", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u180b", "\u180e", "\u180f"],
  ...["\u200b", "\u200d", "\u202e", "\u2060", "\u2065", "\u2069", "\u206f", "\u2800", "\u3164", "\ufe00", "\ufe0f"],
  ...["\ufeff", "\uffa0", "\ufff0", "\uffff", "\u{1bca0}", "\u{1d173}", "\u{e0001}", "\u{e0041}", "\u{e0100}"],
  ...["\u{e01ef}", "\u{e0fff}", "\0", "\u001b", "\u007f", "\u0085", "\ud800", "\udfff"],
];

describe("a character that nobody sees", () => {
  test.each(seenByNobody.map((one) => [one.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0"), one]))(
    "U+%s stands there by its number",
    (number, character) => {
      for (const shown of [visible, visibleValue]) expect(shown(`a${character}b`)).toBe(`a⟦U+${number}⟧b`);
      const json = visibleJson({ a: character });
      expect(json).toMatch(/^[ -~\n]*$/);
      expect(JSON.parse(json)).toEqual({ a: character });
    },
  );

  test("is none of those that people write", () => {
    const written = "Grüße, Ελλάδα, 東京 한국 العربية हिन्दी ไทย 😀 é e\u0301 \t«»—…·✓\n";
    expect(visible(written)).toBe(written);
    expect(JSON.parse(visibleJson(written))).toBe(written);
  });
});

describe("a value is told from every other one", () => {
  const pieces = fc.constantFrom(
    ..."\\u202E⟦⟧U+ ␊\n\r\t\u202e\u3164\ud800a",
    "\r\n",
    "\\u202E",
    "⟦U+202E⟧",
    "\u{e0041}",
  );
  const back = (shown: string) =>
    shown
      .replaceAll("␊", "\n")
      .replaceAll(/⟦U\+([\dA-F]{4,6})⟧/g, (_, code) => String.fromCodePoint(Number.parseInt(code, 16)));

  test("by how it is shown", () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (some) => {
        const value = some.join("");
        expect(back(visibleValue(value))).toBe(value);
      }),
      { numRuns: 2000 },
    );
  });

  const pages = (before: string, after: string) => {
    const planned = {
      type: "command:remote:Command",
      name: "one",
      before: { create: before },
      after: { create: after },
    };
    const report = reportOfPreview({ stack: "prod", preview: readPreview(previewJson([planned]), "it"), compared: "" });
    const plainly = (text: string) => text.replaceAll(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
    return [markdownOf, htmlOf].map((page) => plainly(page(outlineOf(report))));
  };

  test.each([
    ["a character and the text that JSON writes for it", "a\\u202Eb", "a\u202eb", "a\\u202Eb", "a⟦U+202E⟧b"],
    ["a character and the text of its number", "a⟦U+202E⟧b", "a\u202eb", "a⟦U+27E6⟧U+202E⟧b", "a⟦U+202E⟧b"],
    ["line ends of two systems", "true\nfalse\n", "true\r\nfalse\r\n", "true␊false␊", "true⟦U+000D⟧␊false⟦U+000D⟧␊"],
    ["the end of a line and the sign for it", "true␊false", "true\nfalse", "true⟦U+240A⟧false", "true␊false"],
    ["a tab and a space", "a\tb", "a b", "a⟦U+0009⟧b", "a b"],
    ["a letter and one more that is blank", "ab", "a\u3164b", "ab", "a⟦U+3164⟧b"],
  ])("on both pages: %s", (_, before, after, was, is) => {
    for (const page of pages(before, after)) {
      expect(page).toContain(`<code>${was}</code>`);
      expect(page).toContain(`<code>${is}</code>`);
      // The line at the top has no place for code.
      expect(page).toContain("create of one changes; 1 gained");
    }
  });

  const spaced = [
    ["a b", "a  b"],
    ["a b", " a b"],
    ["a b", "a b "],
    ["{ a:\n  b", "{ a:\n   b"],
  ] as const;
  test.each(spaced)("where what shows it folds spaces: %j, %j", (before, after) => {
    const [comment = "", page = ""] = pages(before, after);
    // As HTML folds them, where no style says otherwise; what stands there is none of the spaces that it folds.
    const cells = (text: string) => [...text.matchAll(/<code>([^<]*)<\/code>/g)].map(([, code = ""]) => code);
    const folded = (text: string) => text.replaceAll(/[ \t\n]+/g, " ").replaceAll(/^ | $/g, "");
    expect(cells(comment).map(folded)).toEqual(cells(comment));
    expect(cells(comment).map((one) => one.replaceAll("\u00a0", " "))).toContain(after.replaceAll("\n", "␊"));
    expect(cells(page)).toContain(after.replaceAll("\n", "␊"));
    expect(page).toMatch(/\ncode \{[^}]*white-space: pre-wrap;/);
    for (const text of [comment, page]) expect(text).toContain("create of one changes; 1 gained");
  });

  test("on a line at the top where it can be read there", () => {
    for (const page of pages("true", "false")) expect(page).toContain("create of one: true → false; 1 gained");
  });
});

test("a warning and a fault are on one line, and hide nothing", () => {
  const report = reportOfPreview({ stack: "prod", preview: readPreview(previewJson([]), "it"), compared: "" });
  const refused = { revision: "main", faults: ["a place:\n  \u3000it is wrong"] };
  const outline = outlineOf({ ...report, warnings: ["a\u3164\u3000b\r\n\tc"], refused });
  for (const page of [markdownOf(outline), htmlOf(outline)]) {
    expect(page).toContain("a⟦U+3164⟧⟦U+3000⟧b c");
    expect(page).toContain("a place: ⟦U+3000⟧it is wrong");
  }
});
