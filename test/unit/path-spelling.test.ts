import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchesSomePath } from "../../policies/path-spelling.ts";
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
  ])("%s: matches %s", (pattern, matches) => {
    expect(matchesSomePath(pattern)).toBe(matches);
  });

  const piece = fc.constantFrom(..."aZ9._~!$&'()+,=:@-%;/é *?", "%41", "%2f", "%2F", "%C3%A9", "%3B", "..", "//");

  test("is never one that the gate finds a request for", () => {
    let asked = 0;
    const requests = fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join("")}`);
    fc.assert(
      fc.property(requests, (target) => {
        let path: string;
        try {
          path = readTarget(target).path;
        } catch {
          return;
        }
        asked += 1;
        expect(matchesSomePath(path.replace(/[*?[\]\\]/g, "\\$&")), path).toBe(true);
      }),
      { numRuns: 2000 },
    );
    expect(asked).toBeGreaterThan(300);
  });

  test("is one that the gate finds none for, of all that were tried", () => {
    let refused = 0;
    const patterns = fc.array(piece, { maxLength: 6 }).map((pieces) => `/${pieces.join("")}`);
    fc.assert(
      fc.property(patterns, patterns, (pattern, target) => {
        if (matchesSomePath(pattern)) return;
        refused += 1;
        for (const written of [pattern, encodeURI(pattern), target]) {
          let path: string;
          try {
            path = readTarget(written).path;
          } catch {
            continue;
          }
          expect(glob(pattern, "/").test(path), `${pattern} and ${path}`).toBe(false);
        }
      }),
      { numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(300);
  });
});
