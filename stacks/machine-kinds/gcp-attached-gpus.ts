import { attachableCounts, attachableGpus, gcpMachineTypes } from "../../components/machine/gpu-table-gcp.ts";
import { sameModel } from "../../components/machine/machine-types.ts";
import { type Check, check } from "../../policies/check.ts";
import { nearest } from "../../policies/nearest.ts";

/** What is wrong with GPUs that are to be attached to an n1 machine. */
export function* attachedGpuChecks({ model, count = 1 }: { model?: unknown; count?: unknown }): Iterable<Check> {
  const models = Object.keys(attachableGpus);
  if (model === undefined) {
    yield check(["gpu", "model"], "a GPU count without a GPU model", `gpu: { model: ${models[0]}, count: ${count} }`);
  } else if (typeof model === "string" && !models.some((known) => sameModel(known, model))) {
    const built = gcpMachineTypes.find(({ gpu }) => gpu !== "none" && sameModel(gpu.model, model));
    const message = `${JSON.stringify(model)} cannot be attached to an n1 type; these can: ${models.join(", ")}`;
    yield check(["gpu", "model"], message, built ? `machineType: ${built.name}` : (nearest(model, models) ?? "T4"));
  }
  if (typeof count === "number" && count >= 1 && !attachableCounts.includes(count)) {
    const near = attachableCounts.findLast((each) => each <= count) ?? 1;
    yield check(["gpu", "count"], `an n1 type takes ${attachableCounts.join(", ")} GPUs, not ${count}`, `${near}`);
  }
}
