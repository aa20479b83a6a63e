import { attachableGpu, attachableGpus, gcpMachineTypes } from "../../components/machine/gpu-table-gcp.ts";
import { sameModel } from "../../components/machine/machine-types.ts";
import { type Check, check } from "../../policies/check.ts";
import { nearest } from "../../policies/nearest.ts";

/** What to write for a GPU that no machine type has built in. */
export const attachableTo = attachableGpus.map(({ model, counts }) => ({
  model,
  instead: `n1-standard-4 (takes ${counts.join(", ")} × ${model})`,
}));

/** What is wrong with GPUs that are to be attached to an n1 machine. */
export function* attachedGpuChecks({ model, count = 1 }: { model?: unknown; count?: unknown }): Iterable<Check> {
  const models = attachableGpus.map((each) => each.model);
  const attached = typeof model === "string" ? attachableGpu(model) : undefined;
  if (model === undefined) {
    yield check(["gpu", "model"], "a GPU count without a GPU model", `gpu: { model: ${models[0]}, count: ${count} }`);
  } else if (typeof model === "string" && !attached) {
    const built = gcpMachineTypes.find(({ gpu }) => gpu !== "none" && sameModel(gpu.model, model));
    const message = `${JSON.stringify(model)} cannot be attached to an n1 type; these can: ${models.join(", ")}`;
    yield check(["gpu", "model"], message, built ? `machineType: ${built.name}` : (nearest(model, models) ?? "T4"));
  }
  // Of a model that is not known, what any of them takes.
  const counts = attached?.counts ?? attachableGpus.flatMap((each) => each.counts);
  if (typeof count === "number" && count >= 1 && !counts.includes(count)) {
    const most = Math.max(...counts.filter((each) => each <= count));
    const message = `an n1 type takes ${[...new Set(counts)].join(", ")} GPUs${attached ? ` of ${attached.model}` : ""}, not ${count}`;
    yield check(["gpu", "count"], message, `${most}`);
  }
}
