import { type MachineTypes, sameModel, withAttached, withGpu, withoutGpu } from "./machine-types.ts";

interface AttachableGpu {
  readonly model: string;
  /** The cloud's name for it. */
  readonly type: string;
  /** How many of them a machine takes. */
  readonly counts: readonly number[];
}

/** GPUs that are attached to an N1 machine; every other GPU comes with its machine type. */
export const attachableGpus: readonly AttachableGpu[] = [
  { model: "T4", type: "nvidia-tesla-t4", counts: [1, 2, 4] },
  { model: "V100", type: "nvidia-tesla-v100", counts: [1, 2, 4, 8] },
  { model: "P100", type: "nvidia-tesla-p100", counts: [1, 2, 4] },
];

/** What this model is when it is attached; undefined where it cannot be. */
export function attachableGpu(model: string): AttachableGpu | undefined {
  return attachableGpus.find((each) => sameModel(each.model, model));
}

/** Whether GPUs are attached to this type rather than part of it. */
export function takesGpus(machineType: string): boolean {
  return machineType.startsWith("n1-");
}

/** What a disk of a machine of this type is, where its own type is not written. */
export function usualDiskType(machineType: string): string {
  return /^(a3|a4x?|c4a|g4)-/.test(machineType) ? "hyperdisk-balanced" : "pd-balanced";
}

/** The Compute Engine machine types that this project knows. The SDK has no enum of them. */
export const gcpMachineTypes: MachineTypes = [
  ...withGpu("L4", 24, [
    ["g2-standard-4", 1, "up to $1"],
    ["g2-standard-8", 1, "up to $1"],
    ["g2-standard-12", 1, "up to $1"],
    ["g2-standard-16", 1, "up to $5"],
    ["g2-standard-32", 1, "up to $5"],
    ["g2-standard-24", 2, "up to $5"],
    ["g2-standard-48", 4, "up to $5"],
    ["g2-standard-96", 8, "up to $20"],
  ]),
  ...withGpu("RTX PRO 6000", 96, [
    ["g4-standard-48", 1, "up to $5"],
    ["g4-standard-96", 2, "up to $20"],
    ["g4-standard-192", 4, "up to $20"],
    ["g4-standard-384", 8, "over $20"],
  ]),
  ...withGpu("A100", 40, [
    ["a2-highgpu-1g", 1, "up to $5"],
    ["a2-highgpu-2g", 2, "up to $20"],
    ["a2-highgpu-4g", 4, "up to $20"],
    ["a2-highgpu-8g", 8, "over $20"],
    ["a2-megagpu-16g", 16, "over $20"],
  ]),
  ...withGpu("A100 80GB", 80, [
    ["a2-ultragpu-1g", 1, "up to $20"],
    ["a2-ultragpu-2g", 2, "up to $20"],
    ["a2-ultragpu-4g", 4, "over $20"],
    ["a2-ultragpu-8g", 8, "over $20"],
  ]),
  ...withGpu("H100", 80, [
    ["a3-highgpu-1g", 1, "up to $20"],
    ["a3-highgpu-2g", 2, "over $20"],
    ["a3-highgpu-4g", 4, "over $20"],
    ["a3-highgpu-8g", 8, "over $20"],
    ["a3-megagpu-8g", 8, "over $20"],
  ]),
  ...withGpu("H200", 141, [["a3-ultragpu-8g", 8, "over $20"]]),
  ...withGpu("B200", 180, [["a4-highgpu-8g", 8, "over $20"]]),
  ...withGpu("GB200", 186, [["a4x-highgpu-4g", 4, "over $20"]], "arm64"),
  ...withAttached("amd64", ["n1-standard-2", "n1-standard-4", "n1-standard-8", "n1-standard-16"]),
  ...withoutGpu("amd64", ["e2-standard-2", "e2-standard-4", "e2-standard-8", "n2-standard-4", "n2-standard-8"]),
  ...withoutGpu("arm64", ["t2a-standard-2", "t2a-standard-4", "t2a-standard-8", "c4a-standard-4", "c4a-standard-8"]),
];
