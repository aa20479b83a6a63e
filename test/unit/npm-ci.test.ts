import { expect, test } from "vitest";
import { npmCi } from "../../host/steps/npm-ci.ts";
import { withStandIns } from "../support/stand-ins.ts";

/** Runs it with a stand-in for npm that stalls so often before it is done. */
function install(stalls: number) {
  const node = `here=$(dirname "$0")
echo run >>"$here/runs"
test "$(grep -c . "$here/runs")" -gt ${stalls} || exec sleep 600
echo "added 1 package"`;
  const spec = { name: "x", version: "1", manifest: "", lock: "", node: "NODE", npm: "npm" };
  const { script } = npmCi(spec, "STAGING", { stillSeconds: 2, lookSeconds: 1 });
  const here = script
    .replaceAll("NODE ", "{here}/program ")
    .replace("STAGING", "{here}")
    .replaceAll("/var/cache/nemoclaw/npm", "{here}/cache");
  return withStandIns({ program: node }, `${here}\ncat {here}/runs`);
}

const stalled = (attempt: number) =>
  `npm downloaded nothing for 2 s although it was not done (attempt ${attempt} of 3)\n`;

test("an npm that goes on is left to itself", () => {
  expect(install(0)).toEqual({ exitCode: 0, stdout: "added 1 package\nrun\n" });
});

test("one whose download stalled is started again, and it says so", { timeout: 60_000 }, () => {
  expect(install(1)).toEqual({ exitCode: 0, stdout: `${stalled(1)}added 1 package\nrun\nrun\n` });
});

test("one that stalls each time is a failure", { timeout: 60_000 }, () => {
  expect(install(3)).toEqual({ exitCode: 1, stdout: stalled(1) + stalled(2) + stalled(3) });
});
