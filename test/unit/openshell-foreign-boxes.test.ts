import { expect, test } from "vitest";
import { foreignIn, refuseForeignBoxes } from "../../host/runtimes/openshell/foreign-boxes.ts";

const ours = { name: "main", phase: "Ready", labels: { "nemoclaw.owner": "0123" } };
const theirs = { name: "other", phase: "Ready", labels: {} };

test.each([
  ["a bare list", [ours, theirs]],
  ["an object that names the list (from-docs)", { sandboxes: [ours, theirs], next_page_token: "" }],
])("what others made is found in %s", (_, answer) => {
  expect(foreignIn(JSON.stringify(answer))).toEqual(["other"]);
});

test("a gateway without any sandbox says a sentence", () => {
  expect(foreignIn("No sandboxes found.")).toEqual([]);
});

test("a gateway with somebody else's sandbox is not removed, and they are named", () => {
  expect(() => refuseForeignBoxes().plan({ names: ["other"] })).toThrow(/did not make: other; nothing was removed/);
  expect(refuseForeignBoxes().plan({ names: [] })).toEqual([]);
});
