import { isOpenshell, type Lock } from "./lock.ts";
import { releaseImages } from "./runtimes/openshell/release-images.ts";

/**
 * A lock with just the images that a release of OpenShell has: another line has others. One that is added is not pinned yet;
 * one that stays is, until it is refreshed, as it was.
 *
 * @param version @default the release that is pinned
 * @throws HostError of kind `integrity` for a release that this driver does not speak
 */
export function withImagesOf(lock: Lock, version = lock.artifacts.openshell?.version): Lock {
  if (lock.artifacts.openshell === undefined || version === undefined) return lock;
  const has = Object.values(releaseImages(version)) as string[];
  const named = new Set(has.map(nameOf));
  const kept = Object.entries(lock.images).filter(([image]) => !isOpenshell(image) || named.has(nameOf(image)));
  const there = new Set(kept.map(([image]) => nameOf(image)));
  const added = has.filter((image) => !there.has(nameOf(image))).map((image) => [image, { digest: null }] as const);
  return { ...lock, images: Object.fromEntries([...kept, ...added]) };
}

/** A reference without its tag. */
const nameOf = (image: string) => image.replace(/:[^/:]+$/, "");
