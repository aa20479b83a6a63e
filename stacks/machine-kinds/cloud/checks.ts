import type { MachineTypes } from "../../../components/machine/machine-types.ts";
import type { Check } from "../../../policies/check.ts";
import { dataDiskChecks, networkChecks } from "./settings.ts";
import { type TypeChoice, typeChecks } from "./type-checks.ts";

/** What tells one cloud from the other where both are checked for the same. */
interface Cloud {
  readonly types: MachineTypes;
  /** GPUs that are part of no type. */
  readonly attachable?: TypeChoice["attachable"];
  /** What the machine type is called: `instanceType`. */
  readonly key: string;
  /** The two parts of a network: key, what it is called, an example. */
  readonly network: Parameters<typeof networkChecks>[1];
  readonly subnetwork: Parameters<typeof networkChecks>[2];
}

/**
 * What is wrong with settings that both clouds have. Runs on half-right input too, so that one preview tells everything: what has
 * the wrong form is told by the schema, and passed over here.
 */
export function* cloudChecks(written: object, cloud: Cloud): Iterable<Check> {
  const { key, types, attachable, network, subnetwork } = cloud;
  const { [key]: name, gpu, image, accept, ...more } = written as Record<string, unknown>;
  const { arch } = mapping(image) ?? {};
  if (name === undefined || typeof name === "string") {
    yield* typeChecks({
      types,
      attachable,
      key,
      name,
      gpu: gpu === "none" ? gpu : (mapping(gpu) as TypeChoice["gpu"]),
      imageArch: arch === "amd64" || arch === "arm64" ? arch : undefined,
      accept: Array.isArray(accept) ? accept : [],
    });
  }
  const given = mapping(more.network);
  if (given) yield* networkChecks(given, network, subnetwork);
  yield* dataDiskChecks(mapping(more.dataDisk) ?? {});
}

/** A value that is a mapping. */
export function mapping(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
