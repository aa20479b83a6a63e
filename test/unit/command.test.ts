import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { argv, quote } from "../../host/command.ts";

const text = fc.string({ unit: "binary", maxLength: 60 }).filter((each) => !each.includes("\0") && each.isWellFormed());
const nasty = fc.oneof(
  text,
  fc.constantFrom(
    "",
    "-rf",
    "--",
    "'",
    "''",
    '"',
    "\\",
    "\n",
    "\n\n",
    "$(id)",
    "`id`",
    "$HOME",
    "!!",
    "*",
    "~",
    "a b",
    "grüße",
    "名前",
    "#",
  ),
);
const nulls = (words: readonly string[]) => words.map((word) => `${word}\0`).join("");

describe("quoting for a real shell", () => {
  test("keeps any words as they are", () => {
    fc.assert(
      fc.property(fc.array(nasty, { minLength: 1, maxLength: 6 }), (words) => {
        const { script } = argv("say", ["printf", "%s\\0", ...words]);
        expect(sh(script)).toBe(nulls(words));
      }),
      { numRuns: 60 },
    );
  });

  test("survives being quoted twice, as when a script is handed to another shell", () => {
    fc.assert(
      fc.property(nasty, (word) => {
        const inner = argv("say", ["printf", "%s", word]).script;
        expect(sh(argv("say", ["sh", "-c", inner]).script)).toBe(word);
      }),
      { numRuns: 40 },
    );
  });

  test("leaves plain words readable", () => {
    expect(argv("", ["apt-get", "install", "--yes", "g++", "a=b", "it's", ""]).script).toBe(
      "apt-get install --yes g++ a=b 'it'\\''s' ''",
    );
  });

  test("refuses what no shell can hold", () => {
    expect(() => quote("a\0b")).toThrow("NUL");
  });
});

function sh(script: string): string {
  return execFileSync("sh", ["-eu", "-c", script], { encoding: "utf8" });
}
