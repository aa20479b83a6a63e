import { describe, expect, test } from "vitest";
import { verdictOf } from "../../review/report.ts";
import type { Planned } from "../support/preview-fixture.ts";
import { alarms, reviewed } from "../support/reviewed.ts";

type Inputs = Record<string, unknown>;

describe("IAP's tunnels", () => {
  const of = (kind: string, before: Inputs | undefined, after: Inputs): Planned => ({
    ...{ type: `gcp:iap/tunnelInstanceIAM${kind}:TunnelInstanceIAM${kind}`, name: "t" },
    ...{ before, after },
  });
  const policy = (...members: string[]) => ({ policyData: JSON.stringify({ bindings: [{ members }] }) });
  const binding = { members: ["user:a"], role: "roles/iap.tunnelResourceAccessor" };
  const condition = { title: "office hours", expression: "x" };
  test.each<[string, Planned, string[]]>([
    ["a policy", of("Policy", undefined, policy("allAuthenticatedUsers")), ["policyData of t"]],
    ["another one", of("Policy", policy(), policy("allAuthenticatedUsers")), ["policyData of t"]],
    ["a condition that goes", of("Binding", { ...binding, condition }, binding), ["condition of t"]],
    [
      "another condition",
      of("Member", { member: "user:a", condition }, { member: "user:a", condition: { ...condition, expression: "y" } }),
      ["condition.expression of t"],
    ],
  ])("%s", (_, planned, whats) => {
    const report = reviewed(planned);
    expect(alarms(report).map(([what]) => what)).toEqual(whats);
    expect(verdictOf(report).exitCode).toBe(3);
  });
});
