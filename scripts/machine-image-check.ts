import { z } from "zod";
import type { Arch } from "../components/machine/machine-types.ts";
import type { LockGap } from "../host/lock-check.ts";
import { parse, type ValueFault } from "../policies/parse.ts";
import { propertyPath } from "../policies/property-path.ts";
import { awsMachine } from "../stacks/machine-kinds/aws.ts";
import { gcpMachine } from "../stacks/machine-kinds/gcp.ts";
import { stackFileName } from "./clone-paths.ts";
import type { CloudMachine } from "./cloud-machines.ts";
import { familyOf } from "./google-image-name.ts";

/** An image as the configuration takes it, and what AWS has to be asked for it. */
export interface PinnedImage {
  readonly name: string;
  readonly arch: Arch;
  readonly region?: string;
  readonly account?: string | undefined;
}

const { region, account, image } = awsMachine.shape;
const [aws, gcp] = [z.object({ region, account, image }), z.object({ image: gcpMachine.shape.image })];

/** A stack's image, or what is wrong with it or with what it takes to ask for it. */
export function pinnedImage({
  kind,
  written,
}: CloudMachine): { pinned: PinnedImage; faults?: undefined } | { pinned?: undefined; faults: ValueFault[] } {
  if (kind === "gcp") {
    const { value, faults } = { value: undefined, ...parse(gcp, written) };
    return faults ? { faults } : { pinned: value.image };
  }
  const { value, faults } = { value: undefined, ...parse(aws, written) };
  if (faults) return { faults };
  const { image, ...where } = value;
  return { pinned: { name: image.id, arch: image.arch, ...where } };
}

/** What is wrong with the form of the images that stack files pin; no cloud is asked. */
export function machineImageGaps(machines: readonly CloudMachine[]): LockGap[] {
  return machines.flatMap((machine) =>
    imageFaults(pinnedImage(machine).faults ?? []).map((fault) => ({
      path: imagePath(machine, fault.keys),
      message: fault.message,
      try: isRefreshed(machine, fault) ? refreshOf(machine) : `write ${fault.instead}`,
    })),
  );
}

/** Those that are about the image. */
export function imageFaults(faults: readonly ValueFault[]): ValueFault[] {
  return faults.filter(({ keys }) => keys[0] === "image");
}

/** Where a stack file has it: `stacks/Pulumi.prod.yaml: nemoclaw:machine.image.id`. */
export function imagePath({ stack, kind }: CloudMachine, keys: readonly PropertyKey[] = imageKeys(kind)): string {
  return `${stackFileName(stack)}: nemoclaw:${propertyPath(["machine", ...keys])}`;
}

/** The command that writes a newer image into the stack file. */
export function refreshOf({ stack }: CloudMachine): string {
  return `scripts/lock refresh machine-image -s ${stack}`;
}

const imageKeys = (kind: CloudMachine["kind"]) => ["image", kind === "aws" ? "id" : "name"];

/** AWS has a name for the newest image; Google is asked for the newest of a family, which has to be written somewhere. */
function isRefreshed({ kind, written }: CloudMachine, { keys, atKey }: ValueFault): boolean {
  if (atKey || propertyPath(imageKeys(kind).slice(0, keys.length)) !== propertyPath(keys)) return false;
  return kind === "aws" || familyOf(String(written.image?.name)) !== undefined;
}
