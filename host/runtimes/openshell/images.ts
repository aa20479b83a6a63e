import type { Image } from "../../lock.ts";
import { all, type Step } from "../../step.ts";
import { nothingToRemove } from "../../steps/nothing-to-remove.ts";
import { observation } from "../../steps/observation.ts";
import type { InstallSpec } from "../runtime.ts";
import { chosenImage } from "./chosen-image.ts";
import { runtimeImage, runtimeImageInUse, supervisorImage, supervisorImageInUse } from "./image-names.ts";
import { ensurePinnedImage, type PinnedImageFacts, pinnedImageFacts, pinOf } from "./pinned-image.ts";
import { pinnedRelease } from "./pinned-release.ts";
import { releaseImages } from "./release-images.ts";
import { ensureSandboxImage, isAsMade, type SandboxImageFacts } from "./sandbox-image.ts";
import { supervisorLook } from "./supervisor-look.ts";

type ImagesSpec = Pick<InstallSpec, "arch" | "mirrors" | "image">;

/** What Docker has of the images that sandboxes are made from. */
export interface ImagesFacts {
  readonly supervisor: PinnedImageFacts;
  readonly runtime: unknown;
  readonly sandbox: SandboxImageFacts;
}

/** All that a sandbox is made from at Docker: a gateway makes none without, and says so only after the old one is gone. */
export function ensureImages(spec: ImagesSpec): Step<ImagesFacts> {
  const { version, supervisor, runtime } = pinnedRelease(spec);
  const inside: Step<unknown> = runtime
    ? ensurePinnedImage({ name: runtimeImage(version), image: runtime })
    : nothingToRemove("no image of the runtime inside");
  return all("the images that a sandbox is made from", {
    supervisor: ensurePinnedImage({
      name: supervisorImage(version),
      image: supervisor,
      look: supervisorLook(version),
    }),
    runtime: inside,
    sandbox: ensureSandboxImage(chosenImage(spec)),
  });
}

/** The images of the release in use. */
export interface ImagesInUse {
  readonly supervisor: PinnedImageFacts;
  readonly runtime: PinnedImageFacts;
}

export const imagesInUse = observation<ImagesInUse>("the images of the release in use", {
  supervisor: pinnedImageFacts(supervisorImageInUse),
  runtime: pinnedImageFacts(runtimeImageInUse),
});

/**
 * What is wrong with the images of the release in use, in words: `without its supervisor image`. Of a release that is not the
 * pinned one it is not known what they should be, so it is enough that they are what was once verified.
 */
export function imageFlaws(
  version: string,
  now: ImagesInUse & Pick<ImagesFacts, "sandbox">,
  spec: ImagesSpec,
): string[] {
  const release = pinnedRelease(spec);
  const pinned = release.version === version ? release : undefined;
  const flaw = (what: string, { there, pin }: PinnedImageFacts, image?: Image) => {
    if (there === false) return [`without its ${what} image`];
    const right = there === "unknown" || (image === undefined ? pin !== "" : pin === pinOf(image));
    return right ? [] : [`with another ${what} image`];
  };
  const { there } = now.sandbox.image;
  const chosen = chosenImage(spec);
  const made = there === "unknown" || chosen.recipe === undefined || isAsMade(now.sandbox.image, chosen);
  return [
    ...flaw("supervisor", now.supervisor, pinned?.supervisor),
    ...(releaseImages(version).runtime ? flaw("runtime", now.runtime, pinned?.runtime) : []),
    ...(made ? [] : [there ? "with another sandbox image" : "without its sandbox image"]),
  ];
}
