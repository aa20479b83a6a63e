import { expect, test } from "vitest";
import { elapsed } from "../../scripts/duration.ts";

test.each([
  [0.04, "0.0 s"],
  [59.94, "59.9 s"],
  [59.96, "1 min 0 s"],
  [119.6, "2 min 0 s"],
  [1559.7, "26 min 0 s"],
  [1500.2, "25 min 0 s"],
])("%d seconds are written as %s", (seconds, text) => {
  expect(elapsed(seconds)).toBe(text);
});
