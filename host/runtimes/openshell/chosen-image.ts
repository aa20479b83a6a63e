import type { InstallSpec } from "../runtime.ts";
import { distributionImage } from "./distribution-image.ts";
import { namedImage } from "./named-image.ts";
import { pinnedRelease } from "./pinned-release.ts";
import type { SandboxImage } from "./sandbox-image.ts";

/** What the sandboxes of a stack are made from: the image that it names, or one from the distribution's packages. */
export function chosenImage(spec: Pick<InstallSpec, "arch" | "mirrors" | "image">): SandboxImage {
  const { sandbox } = spec.image === undefined ? {} : pinnedRelease(spec);
  return sandbox ? namedImage(sandbox, spec.mirrors ?? {}) : distributionImage(spec.mirrors ?? {});
}
