import { getImages } from "@pulumi/gcp/compute/getImages.js";
import { getMachineTypes } from "@pulumi/gcp/compute/getMachineTypes.js";
import type * as pulumi from "@pulumi/pulumi";
import { noteUnasked, tellAnswers } from "./cloud-questions.ts";
import { attachableGpu, takesGpus } from "./gpu-table-gcp.ts";
import { archNames, wrongArch } from "./image-arch.ts";
import type { Arch, Gpu } from "./machine-types.ts";

interface Asked {
  readonly zone: string;
  readonly machineType: string;
  readonly gpu?: "none" | Gpu;
  readonly image: { readonly name: string; readonly arch: Arch };
}

/** Asks Google what only Google knows: whether the image is there and built for what the stack says, and whether the zone offers the machine type. */
export function askGcp(asked: Asked, { parent, provider }: pulumi.InvokeOptions): void {
  const { zone, machineType, image, gpu = "none" } = asked;
  const options = { parent, provider };
  const questions = [
    { about: `the image ${image.name}`, answer: aboutImage(asked, options) },
    { about: `whether ${zone} offers ${machineType}`, answer: aboutType(asked, options) },
  ];
  tellAnswers("Google Cloud", questions, parent);
  if (gpu === "none" || !takesGpus(machineType)) return;
  const command = `gcloud compute accelerator-types list --filter name=${attachableGpu(gpu.model)?.type ?? gpu.model}`;
  noteUnasked("Google Cloud", `whether ${zone} has ${gpu.model}`, command, parent);
}

// The answer does not say what an image is built for, but the question can: it is not the other architecture, or unknown.
async function aboutImage({ image }: Asked, options: pulumi.InvokeOptions) {
  const [, project, name] = /projects\/([^/]+)\/global\/images\/([^/]+)$/.exec(image.name) ?? [];
  const other = image.arch === "amd64" ? "ARM64" : "X86_64";
  const named = `name = "${name}"`;
  const [there, ofOther] = await Promise.all([
    getImages({ project, filter: named }, options),
    getImages({ project, filter: `${named} AND architecture = "${other}"` }, options),
  ]);
  if (there.images?.length === 0) {
    const instead = `one that this lists: gcloud compute images list --project ${project} --no-standard-images`;
    return { path: "machine.image.name", message: `project ${project} has no image ${name}`, instead };
  }
  return ofOther.images?.length ? wrongArch(image.name, archNames[other] as Arch, image.arch) : undefined;
}

async function aboutType({ zone, machineType }: Asked, options: pulumi.InvokeOptions) {
  const found = await typesIn(zone, machineType, options);
  if (found === "no such zone") {
    const instead = "a zone that this lists: gcloud compute zones list";
    return { path: "machine.zone", message: `Google Cloud has no zone ${zone}`, instead };
  }
  const { machineTypes } = found;
  // Before its provider is known, the engine answers nothing.
  if (machineTypes?.some(({ name }) => name === machineType) ?? true) return undefined;
  const command = `gcloud compute machine-types list --filter name=${machineType}`;
  const message = `${zone} does not offer ${machineType}`;
  return { path: "machine.zone", message, instead: `a zone that this lists: ${command}` };
}

async function typesIn(zone: string, machineType: string, options: pulumi.InvokeOptions) {
  try {
    return await getMachineTypes({ zone, filter: `name = "${machineType}"` }, options);
  } catch (error) {
    // In Compute Engine's own words: Invalid value for field 'zone': '...'. Unknown zone.
    if (/unknown zone/i.test(String(error))) return "no such zone" as const;
    throw error;
  }
}
