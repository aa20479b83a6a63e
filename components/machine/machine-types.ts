import type { Machine } from "../../host/machine.ts";

export type Arch = Machine["arch"];
/** GPUs of a machine: NVIDIA's name for the model, and how many. */
export type Gpu = Exclude<Machine["gpu"], "none">;
/** What an hour costs on demand, roughly: up to 1, 5, 20 US dollars, or more. For comparison; prices differ by region and change. */
export type PriceClass = "up to $1" | "up to $5" | "up to $20" | "over $20";

/** One size of machine that a cloud offers. */
export interface MachineType {
  /** The cloud's own name: `g6.xlarge`. */
  readonly name: string;
  readonly arch: Arch;
  readonly gpu: Gpu | "none";
  /** Memory of each GPU, in GB as its maker counts. */
  readonly gpuMemory?: number;
  readonly price: PriceClass;
  /** GPUs are attached to it besides, and are no part of its price. */
  readonly attachesGpus?: boolean;
}

export type MachineTypes = readonly MachineType[];

/** Entries of one GPU model, in the order in which they are suggested: cheapest first. */
export function withGpu(
  model: string,
  gpuMemory: number,
  sizes: readonly (readonly [name: string, count: number, price: PriceClass])[],
  arch: Arch = "amd64",
): MachineType[] {
  return sizes.map(([name, count, price]) => ({ name, arch, gpu: { model, count }, gpuMemory, price }));
}

/** Entries without a GPU. */
export function withoutGpu(arch: Arch, names: readonly string[]): MachineType[] {
  return names.map((name) => ({ name, arch, gpu: "none", price: "up to $1" }));
}

/** Entries without a GPU of their own, which take GPUs besides. */
export function withAttached(arch: Arch, names: readonly string[]): MachineType[] {
  return withoutGpu(arch, names).map((type) => ({ ...type, attachesGpus: true }));
}

/** The models that a cloud has, each once. */
export function gpuModels(types: MachineTypes): string[] {
  return [...new Set(types.flatMap(({ gpu }) => (gpu === "none" ? [] : [gpu.model])))];
}

/** Types with at least these GPUs, the best matches first; without a model, the smallest of every model. */
export function suggestTypes(types: MachineTypes, gpu?: Partial<Gpu>, most = 3): MachineType[] {
  const rank = ({ gpu: has }: MachineType) => (has === "none" ? 0 : has.count);
  const fits = types.filter(({ gpu: has }) => {
    if (has === "none") return false;
    return (gpu?.model === undefined || sameModel(has.model, gpu.model)) && has.count >= (gpu?.count ?? 1);
  });
  const ordered = fits.toSorted((a, b) => rank(a) - rank(b));
  if (gpu?.model !== undefined) return ordered.slice(0, most);
  return gpuModels(ordered)
    .flatMap((model) => ordered.filter(({ gpu: has }) => has !== "none" && has.model === model).slice(0, 1))
    .slice(0, most);
}

/** `rtx pro 6000` and `RTX-PRO-6000` are the same model. */
export function sameModel(a: string, b: string): boolean {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  return plain(a) === plain(b);
}

/** A type as people compare it: `g6.xlarge (1 × L4 24 GB, up to $1 an hour)`. */
export function describeType(type: MachineType): string {
  const { name, gpu, gpuMemory } = type;
  const has = gpu === "none" ? "no GPU" : `${gpu.count} × ${gpu.model} ${gpuMemory} GB`;
  return `${name} (${has}, ${hourlyPrice(type)})`;
}

/** What an hour costs, and of what: `up to $1 an hour`. */
export function hourlyPrice(type: MachineType): string {
  return `${type.price} an hour${notInPrice(type)}`;
}

/** What comes on top of a price, in words that follow it. */
export function notInPrice({ attachesGpus }: MachineType): string {
  return attachesGpus ? " without attached GPUs" : "";
}
