import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { Owner } from "../../host/machine.ts";
import { ownerLabels } from "../../host/runtimes/openshell/box-owner.ts";
import { ourGatewaysContainers } from "../../host/runtimes/openshell/containers-of-gateway.ts";
import { parseBoxes, refuseForeignBoxes } from "../../host/runtimes/openshell/foreign-boxes.ts";

type Answer = { readonly exitCode: number; readonly stdout: string };
type Which = "ours" | "absent" | "foreign" | "unreachable";
type Gateway = Which | "anotherGateway";
const recorded = parse(
  readFileSync(resolve(import.meta.dirname, "../fixtures/openshell/boxes.yaml"), "utf8"),
) as Record<Which, { readonly list: Answer }> &
  Record<Gateway, { readonly containers: Answer }> & { readonly owner: Owner };
const { owner } = recorded;

const containers = (...which: Gateway[]) =>
  ourGatewaysContainers.parse({ exitCode: 0, stdout: which.map((each) => recorded[each].containers.stdout).join("") });
const facts = (which: Which) => ({ boxes: parseBoxes(recorded[which].list), containers: containers(which) });
const step = refuseForeignBoxes(owner);

describe("a gateway that goes", () => {
  test.each<Which>(["ours", "absent"])("has no sandbox of somebody else's: %s", (which) => {
    expect(step.plan(facts(which))).toEqual([]);
    expect(step.remarks?.(facts(which))).toEqual([]);
  });

  test("has some, and they are named", () => {
    expect(() => step.plan(facts("foreign"))).toThrow(/not of this stack: main, other; nothing was removed/);
  });

  test.each<[string, Owner]>([
    ["another stack's", { ...owner, stack: "other" }],
    ["another installation's", { ...owner, installation: "other" }],
  ])("has %s, whose label is one of this package's too", (_, other) => {
    expect(() => refuseForeignBoxes(other).plan(facts("ours"))).toThrow(/not of this stack: main/);
  });

  test("says so in an object that names the list, from-docs", () => {
    const sandboxes = [
      { name: "main", labels: ownerLabels(owner) },
      { name: "other", labels: {} },
    ];
    const boxes = parseBoxes({ exitCode: 0, stdout: JSON.stringify({ sandboxes, next_page_token: "" }) });
    expect(() => step.plan({ boxes, containers: [] })).toThrow(/not of this stack: other;/);
  });

  test("and no sandbox at all may say a sentence", () => {
    expect(step.plan({ boxes: parseBoxes({ exitCode: 0, stdout: "No sandboxes found." }), containers: [] })).toEqual(
      [],
    );
  });
});

describe("a gateway that does not answer", () => {
  const unanswered = (...which: Gateway[]) => ({
    boxes: parseBoxes(recorded.unreachable.list),
    containers: containers(...which),
  });

  test("has somebody else's sandboxes by what Docker shows, and they are named", () => {
    expect(() => step.plan(unanswered("unreachable", "ours"))).toThrow(
      /not of this stack: other, main; nothing was removed[\s\S]*docker ps[\s\S]*systemctl start/,
    );
  });

  test.each<[string, Which[]]>([
    ["none", []],
    ["ours alone", ["ours"]],
  ])("is no hindrance where Docker shows %s, and that is said", (_, which) => {
    expect(step.plan(unanswered(...which))).toEqual([]);
    expect(step.remarks?.(unanswered(...which))).toEqual([
      "OpenShell's gateway does not answer any more; Docker shows no sandbox of somebody else's that would end with it",
    ]);
  });

  test("takes nothing of another gateway's along, which stays with its sandbox of our name", () => {
    expect(containers("anotherGateway").map(({ name }) => name)).toEqual(["other"]);
    expect(recorded.anotherGateway.containers.stdout).toContain('"openshell.ai/sandbox-name":"main"');
  });

  test("nor where there is no Docker", () => {
    expect(ourGatewaysContainers.parse({ exitCode: 127, stdout: "" })).toEqual([]);
  });
});
