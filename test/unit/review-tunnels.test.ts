import { describe, expect, test } from "vitest";
import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import { type Report, verdictOf } from "../../review/report.ts";
import { type Planned, previewJson } from "../support/preview-fixture.ts";

const reviewed = (...planned: Planned[]) =>
  reportOfPreview({ stack: "prod", preview: readPreview(previewJson(planned), "it"), compared: "it" });
/** What counts as widening, by name and with what it is now. */
const alarms = ({ exposure, unjudged }: Report) =>
  [...exposure, ...unjudged]
    .filter(({ effect }) => effect === "widens" || effect === "unclear")
    .map(({ what, after }) => [what, after]);

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
