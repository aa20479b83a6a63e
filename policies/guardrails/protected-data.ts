import { acceptedRisk, acceptsRisk, at, eachOf, type Guardrail, riskMark } from "./guardrail.ts";

/** The agent's files do not go with a slip of the hand. */
export const protectedData: Guardrail = {
  name: "protected-data",
  rule: "A data disk is protected from deletion",
  reason: "the machine can be made again and the agent's files cannot",
  wayOut: `dataDisk: { protect: false, reason: … }, which marks the disk with "${acceptedRisk}" and the reason, on Google Cloud in a label's letters`,
  check: eachOf(["aws:ebs/volume:Volume", "gcp:compute/disk:Disk"], function* ({ props, protect }) {
    if (protect === true || acceptsRisk(at(props, "tags", riskMark)) || acceptsRisk(at(props, "description"))) return;
    if (at(props, "labels", riskMark)) return;
    yield { path: "protect", message: "can be deleted with the stack; expected the resource option protect" };
  }),
};
