import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { globAutomaton } from "../../policies/diff/automaton.ts";
import { partition } from "../../policies/diff/partition.ts";
import { pathAlphabet } from "../../policies/diff/path-alphabet.ts";
import { matchesSomePath } from "../../policies/path-spelling.ts";
import { readPolicy } from "../../policies/read.ts";
import { glob } from "../../services/egress-gate/glob.ts";
import { readTarget } from "../../services/egress-gate/request-target.ts";

describe("a path glob that no request's path is ever spelled like", () => {
  test.each([
    ["/café/**", false],
    ["/caf%C3%A9/**", true],
    ["/caf%c3%a9/**", false],
    ["/[é]", false],
    ["/a;b", false],
    ["/a/[;]", false],
    ["/%7Eme", false],
    ["/~me", true],
    ["/%2A", false],
    ["/\\*", true],
    ["/a b", false],
    ["/a|b", false],
    ["/100%", false],
    ["/a#b", false],
    ["/a?b", true],
    ["/a//b", false],
    ["/a/./b", false],
    ["/a/../b", false],
    ["/a/..", false],
    ["/a/..b/.c", true],
    ["/a/", true],
    ["/", true],
    ["**", true],
    ["/owner%2Frepo", true],
    ["/[0-9]*/x", true],
    ["/a%20b", true],
    ["/a%3Bb", false],
    ["/a%3[A-B]b", false],
    ["/a%3[BC]b", true],
    ["/a%3?b", true],
    ["/a%0Ab", false],
    ["/a%0?b", false],
    ["/a%00", false],
    ["/a%7Fb", false],
    ["/a%7[EF]b", false],
    ["/x%2F..%2Fy", false],
    ["/x%2F.", false],
    ["/..%2Fy", false],
    ["/.%2F*", false],
    ["/x%2F..y", true],
    ["/x%2F%2Fy", true],
    ["/..%20", true],
  ])("%s: matches %s", (pattern, matches) => {
    expect(matchesSomePath(pattern)).toBe(matches);
  });

  test("is one that is longer than the gate takes", () => {
    const long = (length: number) => `/${"a".repeat(length - 1)}`;
    expect([4096, 4097].map((length) => compared(long(length)) !== undefined)).toEqual([true, false]);
    expect([4096, 4097].map((length) => matchesSomePath(long(length)))).toEqual([true, false]);
    expect([4095, 4096].map((length) => matchesSomePath(`${long(length)}/**`))).toEqual([true, false]);
  });

  const piece = fc.constantFrom(
    ...[..."aZ9._~!$&'()+,=:@-%;/é *?", "%41", "%2f", "%2F", "%C3%A9", "%3B", "%0A", "%7F", "%3", "%2F..", "..", "//"],
  );
  const spelling = fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join("")}`);
  const compared = (target: string) => {
    try {
      return readTarget(target).path;
    } catch {
      return undefined;
    }
  };

  test("is every spelling but those that the gate compares as they are", () => {
    const found = { same: 0, other: 0, none: 0 };
    fc.assert(
      fc.property(spelling, (target) => {
        const path = compared(target);
        found[path === target ? "same" : path === undefined ? "none" : "other"] += 1;
        expect(matchesSomePath(target.replace(/[*?]/g, "\\$&")), target).toBe(path === target);
        // As it is compared, it is compared as it is.
        if (path !== undefined) expect(matchesSomePath(path.replace(/[*?]/g, "\\$&")), path).toBe(true);
      }),
      { numRuns: 3000 },
    );
    expect(Math.min(...Object.values(found))).toBeGreaterThan(100);
  });

  test("is every byte but those that the gate keeps encoded", () => {
    for (let byte = 0; byte < 256; byte++) {
      const target = `/a%${byte.toString(16).toUpperCase().padStart(2, "0")}b`;
      expect(matchesSomePath(target), target).toBe(compared(target) === target);
    }
  });

  const wildcards = fc.constantFrom("*", "**", "/**/", "?", "[!a]", "[%;]", "%[0-9A-F]B", "%?F", "%2*");
  const globs = fc.array(fc.oneof(piece, wildcards), { maxLength: 8 }).map((pieces) => `/${pieces.join("")}`);

  test("has none that the gate compares as it is, and every other one has", () => {
    const found = { some: 0, none: 0 };
    fc.assert(
      fc.property(globs, (pattern) => {
        const parts = partition([globAutomaton(pattern, "/")], pathAlphabet);
        const example = parts?.find(({ accepted }) => accepted[0])?.example;
        found[example === undefined ? "none" : "some"] += 1;
        expect(matchesSomePath(pattern), pattern).toBe(example !== undefined);
        if (example === undefined) return;
        expect(compared(example), pattern).toBe(example);
        expect(glob(pattern, "/").test(example), `${pattern} and ${example}`).toBe(true);
      }),
      { numRuns: 3000 },
    );
    expect(Math.min(...Object.values(found))).toBeGreaterThan(300);
  });

  test("is one that the gate finds none for, of all that were tried", () => {
    let refused = 0;
    fc.assert(
      fc.property(spelling, spelling, (pattern, target) => {
        if (matchesSomePath(pattern)) return;
        refused += 1;
        for (const written of [pattern, encodeURI(pattern), target]) {
          const path = compared(written);
          if (path !== undefined) expect(glob(pattern, "/").test(path), `${pattern} and ${path}`).toBe(false);
        }
      }),
      { numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(300);
  });
});

describe("a rule with such a path is refused", () => {
  const rule = (kind: string, path: string) => {
    const written = {
      allow: `rules: [{ allow: { method: GET, path: "${path}" } }]`,
      deny: `access: full, deny_rules: [{ method: GET, path: "${path}" }]`,
    };
    const endpoint = `{ host: a.example.com, port: 443, protocol: rest, ${written[kind as "allow" | "deny"]} }`;
    return () =>
      readPolicy(
        `version: 1\nnetwork_policies: { a: { endpoints: [${endpoint}], binaries: [{ path: /** }] } }\n`,
        "p.yaml",
      );
  };

  test.each(["allow", "deny"])("one that would %s", (kind) => {
    for (const path of ["/a%3Bb", "/a%0Ab", "/a%7Fb", "/x%2F..%2Fy"])
      expect(rule(kind, path)).toThrow(`"${path}" matches no path`);
    expect(rule(kind, "/a%20b")).not.toThrow();
  });
});
