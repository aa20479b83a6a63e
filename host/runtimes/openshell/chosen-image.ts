import { HostError } from "../../errors.ts";
import { type Image, image, type Lock, readLock } from "../../lock.ts";
import type { InstallSpec } from "../runtime.ts";
import { distributionImage } from "./distribution-image.ts";
import { namedImage } from "./named-image.ts";
import { pinnedOn } from "./pinned-on.ts";
import type { SandboxImage } from "./sandbox-image.ts";
import { unpinnedImage } from "./unpinned-image.ts";

type ImageSpec = Pick<InstallSpec, "arch" | "mirrors" | "image">;

/**
 * What the sandboxes of a stack are made from: the image that it names, or one from the distribution's packages. One that was
 * named and is not pinned any more is looked at all the same, and cannot be made.
 */
export function chosenImage(spec: ImageSpec): SandboxImage {
  const { image: named, mirrors = {} } = spec;
  if (named === undefined) return distributionImage(mirrors);
  const lock = readLock();
  try {
    return namedImage(pinned(lock, named, spec), mirrors);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return unpinnedImage(named, error.details);
  }
}

/** @throws HostError of kind `integrity` for a named image that the lock file does not pin, with the command that pins it */
export function mustBePinned(spec: ImageSpec): void {
  if (spec.image !== undefined) pinned(readLock(), spec.image, spec);
}

function pinned(lock: Lock, named: string, { arch, mirrors }: ImageSpec): Image {
  return pinnedOn(arch, (known) => image(lock, named, known, mirrors));
}
