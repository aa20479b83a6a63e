import { describe, expect, test } from "vitest";
import { verdictOf } from "../../review/report.ts";
import { newMachines, standingMachines } from "../support/declared-machines.ts";
import type { Planned } from "../support/preview-fixture.ts";
import { reviewed } from "../support/reviewed.ts";

type Inputs = Record<string, unknown>;
const change = (type: string, before: Inputs | undefined, after: Inputs | undefined): Planned => ({
  type: `aws:iam/${type}:${type.slice(0, 1).toUpperCase()}${type.slice(1)}`,
  ...{ name: "one", before, after },
});
const statement = (Effect: string) => ({ Statement: [{ Effect, Action: "s3:*", Resource: "*" }] });
const arn = "arn:aws:iam::1:policy/own";
/** A policy that the stack has, and a look has found. */
const own = (policy: unknown): Planned => {
  const inputs = { name: "own", policy };
  return { ...{ type: "aws:iam/policy:Policy", name: "own", id: arn }, before: inputs, after: inputs };
};
const attached = { role: "r", policyArn: arn };

describe("what is attached to somebody may keep them out", () => {
  test.each<[string, Planned[], 2 | 3]>([
    ["a policy of others, gone from a role", [change("rolePolicyAttachment", attached, undefined)], 3],
    ["from a user", [change("userPolicyAttachment", { user: "u", policyArn: arn }, undefined)], 3],
    ["from a group", [change("groupPolicyAttachment", { group: "g", policyArn: arn }, undefined)], 3],
    [
      "from one of several",
      [change("policyAttachment", { roles: ["a", "b"], policyArn: arn }, { roles: ["a"], policyArn: arn })],
      3,
    ],
    [
      "one of the stack's own that denies",
      [own(statement("Deny")), change("rolePolicyAttachment", attached, undefined)],
      3,
    ],
    [
      "one that denies beside what it allows",
      [
        own({ Statement: [...statement("Allow").Statement, ...statement("Deny").Statement] }),
        change("rolePolicyAttachment", attached, undefined),
      ],
      3,
    ],
    ["one that nobody is shown", [own("[secret]"), change("rolePolicyAttachment", attached, undefined)], 3],
    ["one that cannot be read", [own("{"), change("rolePolicyAttachment", attached, undefined)], 3],
    [
      "one that only allows",
      [own(JSON.stringify(statement("Allow"))), change("rolePolicyAttachment", attached, undefined)],
      2,
    ],
    [
      "such a one, from one of several",
      [
        own(statement("Allow")),
        change("policyAttachment", { roles: ["a", "b"], policyArn: arn }, { roles: ["a"], policyArn: arn }),
      ],
      2,
    ],
    [
      "such a one, exchanged for one of others",
      [own(statement("Allow")), change("rolePolicyAttachment", attached, { role: "r", policyArn: "arn:x" })],
      3,
    ],
    ["a role's own policy that denies", [change("rolePolicy", { role: "r", policy: statement("Deny") }, undefined)], 3],
    [
      "one whose text escapes it",
      [change("rolePolicy", { role: "r", policy: '{"Statement":{"Effect":"D\\u0065ny"}}' }, undefined)],
      3,
    ],
    [
      "one that nobody is shown, of a role's own",
      [change("rolePolicy", { role: "r", policy: "[secret]" }, undefined)],
      3,
    ],
    [
      "one that only allows, of a role's own",
      [change("rolePolicy", { role: "r", policy: statement("Allow") }, undefined)],
      2,
    ],
  ])("%s", (_, planned, exitCode) => {
    const report = reviewed(...planned);
    expect(verdictOf(report).exitCode).toBe(exitCode);
    const unclear = report.exposure.filter(({ effect }) => effect === "unclear");
    expect(unclear.length > 0).toBe(exitCode === 3);
  });

  test("and a component's own grants go without an alarm where its machine is reached another way", () => {
    const graphs = (all: [string, Planned[]][], name: string) => all.find(([one]) => one === name)?.[1] as Planned[];
    const was = graphs(standingMachines(), "aws-ssm.yaml");
    const is = graphs(newMachines(), "aws-instance-connect-endpoint.yaml");
    const granted = /^aws:iam\//;
    const gone = was.filter(({ type, name }) => granted.test(type) && !is.some((one) => one.name === name));
    expect(gone.map(({ name }) => name).sort()).toEqual(["machine-may", "machine-profile", "machine-role"]);
    const report = reviewed(...gone.map((one) => ({ ...one, after: undefined })));
    expect(report.exposure).toEqual([]);
    expect(verdictOf(report).exitCode).toBe(2);
  });
});
