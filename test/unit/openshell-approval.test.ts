import { describe, expect, test } from "vitest";
import { ensureApprovalByPeople, parseApprovalMode } from "../../host/runtimes/openshell/approval-mode.ts";
import { ownerLabels } from "../../host/runtimes/openshell/box-owner.ts";
import { network } from "../../host/runtimes/openshell/network.ts";
import { adoptionsOf } from "../../review/drift/adopt.ts";
import type { ResourceChange } from "../../review/preview/resource-changes.ts";
import { someMachine } from "../support/some-machine.ts";

/** Who approves what an agent asks for: a person, and anything else is drift. The answers are worded as OpenShell 0.0.112 does. */
const said = (stdout: string, exitCode = 0) => ({ stdout, exitCode, unreachable: false });
const settings = (value: string, scope: string) =>
  JSON.stringify({
    sandbox: "main",
    settings: {
      agent_policy_proposals_enabled: { value: "true", scope: "sandbox" },
      proposal_approval_mode: { value, scope },
    },
  });

describe("what OpenShell says of it", () => {
  test.each([
    ["nothing is set", settings("<unset>", "unset"), { mode: "manual", scope: "unset" }],
    ["of the sandbox", settings("auto", "sandbox"), { mode: "auto", scope: "sandbox" }],
    ["of the whole gateway", settings("auto", "global"), { mode: "auto", scope: "gateway" }],
    ["a release that does not have it", JSON.stringify({ settings: {} }), undefined],
    ["no JSON", "Settings:      No settings available.", undefined],
  ])("%s", (_it, text, mode) => expect(parseApprovalMode(said(text))).toEqual(mode));

  test("no answer says nothing", () => expect(parseApprovalMode(said("sandbox not found", 1))).toBeUndefined());
});

describe("what is done about it", () => {
  const titles = (text: string) =>
    ensureApprovalByPeople("main")
      .plan(parseApprovalMode(said(text)))
      .map(({ title }) => title);
  const people = "let people approve what main asks for";

  test.each([
    ["right already", settings("<unset>", "unset"), []],
    ["said in so many words", settings("manual", "sandbox"), []],
    ["not known", "", []],
    ["auto for the sandbox", settings("auto", "sandbox"), [people]],
    [
      "auto for the gateway, behind which the sandbox's own may be auto as well",
      settings("auto", "global"),
      ["take back the gateway's proposal_approval_mode, which goes before a sandbox's", people],
    ],
  ])("%s", (_it, text, wanted) => expect(titles(text)).toEqual(wanted));
});

describe("what a refresh shows", () => {
  const { owner } = someMachine;
  const box = { kind: "there", labels: ownerLabels(owner), loadedVersion: 1 };
  const spec = { sandbox: "main", owner, networkPolicies: {}, approval: "manual", inForce: true };
  const policy = { kind: "there", policy: { version: 1 }, hash: "h", version: 1 };

  test.each([
    [settings("auto", "sandbox"), "auto"],
    [settings("<unset>", "unset"), "manual"],
    ["", "manual"],
  ])("%s", (text, approval) => {
    const facts = { box, approval: parseApprovalMode(said(text)), policy: { box, policy } };
    expect(network.observe(spec, facts)).toEqual({ ...spec, approval, hash: "h" });
  });

  test("cannot be adopted into the code, and says so", () => {
    const urn = "urn:pulumi:s::nemoclaw::nemoclaw:host:NetworkPolicy::main-network";
    const secrets = { before: [], after: [], changed: [], drifted: [], named: true };
    const values = [{ path: "approval", before: "auto", after: "manual" }];
    const found = {
      urn,
      type: "nemoclaw:host:NetworkPolicy",
      name: "main-network",
      operation: "update",
      secrets,
      values,
    };
    const change = { ...found, before: { inputs: { ...spec, approval: "auto" } } } as unknown as ResourceChange;
    const recorded = new Map([[urn, { inputs: spec }]]) as unknown as Parameters<typeof adoptionsOf>[1];
    expect(adoptionsOf([change], recorded)).toEqual({
      adoptions: [],
      left: [expect.stringMatching(/approval: restore it/)],
    });
  });
});
