import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import type { Owner } from "../../host/machine.ts";
import { paths as shared } from "../../host/runtimes/embedded/paths.ts";
import type { Box } from "../../host/runtimes/openshell/box.ts";
import { ensureMaker } from "../../host/runtimes/openshell/box-maker.ts";
import { withStandIns } from "../support/stand-ins.ts";

/** The script that makes a sandbox again, run by a real shell; what OpenShell says of a sandbox is recorded from a real one. */
type Which = "ours" | "absent" | "foreign" | "unreachable";
const recorded = parse(
  readFileSync(resolve(import.meta.dirname, "../fixtures/openshell/boxes.yaml"), "utf8"),
) as Record<Which, { readonly get: { readonly exitCode: number; readonly stdout: string } }> & {
  readonly owner: Owner;
};
const oursNow = "94cfb4e11827";

function makerOf(recipe: string, { owner = recorded.owner }: { owner?: Owner }): string {
  const limits = { memory: "2G", cpus: 1, pids: 100, logs: "10M" };
  const spec = { sandbox: "main", owner, limits, agent: { version: "1" }, policy: { version: 1 } };
  const policy = { path: "/etc/nemoclaw/main/openshell-policy.json", content: "{}" };
  const box = {
    spec,
    recipe,
    image: "image:1",
    programs: ["/opt/nemoclaw/agent/1"],
    policy,
    command: ["node", "it's"],
  };
  const [write] = ensureMaker(box as unknown as Box).plan({ kind: "absent" });
  return String(write?.stdin);
}

/** Runs it with a stand-in for OpenShell's CLI, which has the recorded sandbox until it is deleted. */
function make(which: Which, recipe: string, phase = "Ready", whose: { owner?: Owner } = {}) {
  const { stdout, exitCode } = recorded[which].get;
  const runuser = `here=$(dirname "$0")
case "$*" in
*"sandbox get"*)
  test ! -f "$here/made" || { echo '{"phase": "Ready"}'; exit 0; }
  test ! -f "$here/deleted" || { echo "sandbox not found"; exit 1; }
  cat <<'END'
${stdout.replace('"phase": "Ready"', `"phase": "${phase}"`)}
END
  exit ${exitCode} ;;
*"sandbox delete"*) echo DELETED; touch "$here/deleted" ;;
*"sandbox create"*) touch "$here/made"; for word; do echo "$word"; done ;;
esac`;
  const docker = 'case "$1" in ps) echo id ;; update) echo LIMITED >&2 ;; esac';
  const script = makerOf(recipe, whose).replaceAll(shared.node, ":");
  return withStandIns({ runuser, docker }, script);
}

test("what is there as it was made last stays", () => {
  expect(make("ours", oursNow)).toEqual({ stdout: "", exitCode: 0 });
});

test.each<[string, Which, string, string]>([
  ["made from something else is deleted first", "ours", "b", "Ready"],
  ["made from the same that ended in Error, too", "ours", oursNow, "Error"],
  ["made from the same that is on its way out, too", "ours", oursNow, "Deleting"],
])("a sandbox of ours %s", (_it, which, recipe, phase) => {
  const { stdout, exitCode } = make(which, recipe, phase);
  expect(exitCode, stdout).toBe(0);
  expect(stdout.indexOf("DELETED")).toBe(0);
  expect(stdout).toContain(`--label\nnemoclaw.recipe=${recipe}\n`);
  expect(stdout).toMatch(/\n--\nnode\nit's\n/);
});

test("one that is not there is made", () => {
  const { stdout, exitCode } = make("absent", "b");
  expect([exitCode, stdout.includes("DELETED")]).toEqual([0, false]);
  expect(stdout).toContain("create\n--name\nmain\n--from\nimage:1\n");
});

test.each([
  ["somebody else's of the name", {}],
  ["somebody else's that was made from the same", { owner: { ...recorded.owner, stack: "other" } }],
])("%s is left, and that is an error", (_it, whose) => {
  const [which, recipe] = "owner" in whose ? (["ours", oursNow] as const) : (["foreign", "b"] as const);
  expect(make(which, recipe, "Ready", whose)).toEqual({
    stdout: "this machine's OpenShell has a sandbox main that is not ours; it was not touched\n",
    exitCode: 1,
  });
});

test("a gateway that does not answer makes nothing and is an error", () => {
  const { stdout, exitCode } = make("unreachable", "b");
  expect(exitCode).not.toBe(0);
  expect(stdout).toContain("transport error");
  expect(stdout).not.toContain("create");
});
