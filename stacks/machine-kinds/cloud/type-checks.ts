import {
  describeType,
  type Gpu,
  gpuModels,
  type MachineType,
  type MachineTypes,
  sameModel,
  suggestTypes,
} from "../../../components/machine/machine-types.ts";
import { type Check, check } from "../../../policies/check.ts";
import { nearest } from "../../../policies/nearest.ts";

/** What a stack says of its machine type, as far as it can be read. */
export interface TypeChoice {
  readonly types: MachineTypes;
  /** What the setting is called: `instanceType`. */
  readonly key: string;
  readonly name?: string;
  readonly gpu?: "none" | Partial<Gpu>;
  readonly imageArch?: "amd64" | "arm64";
  readonly accept: readonly unknown[];
  /** GPUs that are part of no type but attached to one, and the type to write for each. */
  readonly attachable?: readonly { readonly model: string; readonly instead: string }[];
}

/** What is wrong with a machine type, the GPUs wanted of it and the image's architecture, all at once. */
export function* typeChecks(choice: TypeChoice): Iterable<Check> {
  const { types, key, name, accept } = choice;
  const type = types.find((each) => each.name === name);
  const believed = name !== undefined && !type && accept.includes("unlisted-type");
  yield* modelChecks(choice, believed);
  if (type) {
    yield* archChecks(choice, type);
    yield* gpuChecks(choice, type);
  } else if (name === undefined) {
    const message = `${key} is missing; expected a machine type`;
    yield check([key], message, suggestions(choice) || "see docs/configuration.md");
  } else if (!believed) {
    const near = nearestType(choice)?.name;
    const instead = [near, suggestions(choice, near)].filter(Boolean).join(", or ");
    const message = `${JSON.stringify(name)} is not in this project's table of machine types`;
    yield check([key], message, `${instead}; or accept: [unlisted-type], if the cloud has it`);
  }
}

function* modelChecks(choice: TypeChoice, believed: boolean): Iterable<Check> {
  const wanted = wantedOf(choice);
  if (!wanted) return;
  const models = modelsOf(choice);
  if (wanted.model === undefined) {
    const has = nearestType(choice)?.gpu;
    const model = has && has !== "none" ? has.model : (models[0] ?? "L4");
    yield check(
      ["gpu", "model"],
      "a GPU count without a GPU model",
      `gpu: { model: ${model}, count: ${wanted.count} }`,
    );
  } else if (!believed && !known(choice, wanted.model)) {
    const message = `${JSON.stringify(wanted.model)} is no GPU that this cloud's table has; it has ${models.join(", ")}`;
    yield check(["gpu", "model"], message, nearest(wanted.model, models) ?? "one of these");
  }
}

function* archChecks({ imageArch }: TypeChoice, { name, arch }: MachineType): Iterable<Check> {
  if (imageArch === undefined || imageArch === arch) return;
  const message = `the image is for ${imageArch}, and ${name} is ${arch}`;
  yield check(["image", "arch"], message, `an image for ${arch}, and arch: ${arch}`);
}

function* gpuChecks(choice: TypeChoice, { name, gpu: has, arch }: MachineType): Iterable<Check> {
  const { types, key, gpu } = choice;
  if (gpu === "none" && has !== "none") {
    const without = types.find((each) => each.gpu === "none" && each.arch === arch)?.name;
    const message = `${name} has ${has.count} × ${has.model}, which is paid for`;
    yield check(["gpu"], message, `${without}, or leave gpu out`);
  }
  const { model, count = 1 } = wantedOf(choice) ?? {};
  if (model === undefined || count < 1 || !known(choice, model)) return;
  if (has !== "none" && sameModel(has.model, model) && has.count === count) return;
  const actual = has === "none" ? "has no GPU" : `has ${has.count} × ${has.model}`;
  const message = `${name} ${actual}, and the stack wants ${count} × ${model}`;
  yield check([key], message, suggestions(choice) || `no type has ${count} × ${model}; ask for fewer`);
}

function wantedOf({ gpu }: TypeChoice): Partial<Gpu> | undefined {
  return gpu === "none" ? undefined : gpu;
}

function modelsOf({ types, attachable = [] }: TypeChoice): string[] {
  return [...gpuModels(types), ...attachable.map(({ model }) => model)];
}

function known(choice: TypeChoice, model: string): boolean {
  return modelsOf(choice).some((each) => sameModel(each, model));
}

function nearestType({ types, name = "" }: TypeChoice): MachineType | undefined {
  const names = types.map((each) => each.name);
  const near = names.includes(name) ? name : nearest(name, names);
  return types.find((each) => each.name === near);
}

function suggestions(choice: TypeChoice, told?: string): string {
  const wanted = wantedOf(choice);
  const { instead } = choice.attachable?.find(({ model }) => sameModel(model, wanted?.model ?? "")) ?? {};
  const built = suggestTypes(choice.types, wanted).filter(({ name }) => name !== told);
  return [...(instead ? [instead] : []), ...built.map(describeType)].join("; ");
}
