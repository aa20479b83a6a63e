import { wrongArch } from "../components/machine/image-arch.ts";
import type { LockGap } from "../host/lock-check.ts";
import { awsImage } from "./aws-image.ts";
import type { CloudMachine } from "./cloud-machines.ts";
import { googleImage } from "./google-image.ts";
import { imageFaults, imagePath, type PinnedImage, pinnedImage, refreshOf } from "./machine-image-check.ts";

interface Asking {
  readonly say: (what: string) => void;
  /** Why no cloud is to be asked. */
  readonly offline?: string | undefined;
}

/**
 * Asks the clouds whether the images that stack files pin are there, are still to be used, and are built for what the stack says.
 * An image whose form is wrong is another check's business.
 */
export async function servedImageGaps(machines: readonly CloudMachine[], { say, offline }: Asking): Promise<LockGap[]> {
  const gaps: LockGap[] = [];
  for (const machine of machines) {
    const { pinned, faults = [] } = pinnedImage(machine);
    if (imageFaults(faults).length > 0) continue;
    if (offline !== undefined) gaps.push(notAsked(machine, offline, "scripts/lock check --served"));
    else if (pinned) gaps.push(...(await gapsOf(machine, pinned, say)));
    else gaps.push(notAsked(machine, faults[0]?.message ?? "", `write ${faults[0]?.instead}`));
  }
  return gaps;
}

async function gapsOf(machine: CloudMachine, pinned: PinnedImage, say: Asking["say"]): Promise<LockGap[]> {
  const { name, arch, region, account } = pinned;
  say(`asking for ${name}`);
  const answer = region === undefined ? await googleImage(name) : await awsImage(name, region, account);
  if (answer.refused !== undefined) {
    return [notAsked(machine, answer.refused, `run it where you are logged in: ${answer.ran.join(" ")}`)];
  }
  const { faults, arch: is, others = refreshOf(machine) } = answer.said;
  const gaps = faults.map((message): LockGap => ({ path: imagePath(machine), message, try: others }));
  if (is === undefined || is === arch) return gaps;
  const { message, instead } = wrongArch(name, is, arch);
  // A newer one of Google's family is built for the same processor.
  const another = machine.kind === "aws" ? refreshOf(machine) : "take another image";
  const path = imagePath(machine, ["image", "arch"]);
  return [...gaps, { path, message, try: `write ${instead}, or ${another}` }];
}

function notAsked(machine: CloudMachine, why: string, hint: string): LockGap {
  const { id, name } = machine.written.image ?? {};
  const message = `${id ?? name} was not asked for: ${why.replace(/\s*\n\s*/g, " ")}`;
  return { path: imagePath(machine), message, try: hint, asked: false };
}
