import { isOpenshell, type Lock } from "./lock.ts";
import { imagesOf } from "./runtimes/openshell/release-images.ts";
import { withoutTag } from "./without-tag.ts";

/**
 * A lock with just the images that a release of OpenShell has: another line has others. One that is added is not pinned yet;
 * one that stays is, until it is refreshed, as it was.
 *
 * @param version @default the release that is pinned
 * @throws HostError of kind `integrity` for a release that this driver does not speak
 */
export function withImagesOf(lock: Lock, version = lock.artifacts.openshell?.version): Lock {
  if (lock.artifacts.openshell === undefined || version === undefined) return lock;
  const has = imagesOf(version);
  const named = new Set(has.map(withoutTag));
  const kept = Object.entries(lock.images).filter(([image]) => !isOpenshell(image) || named.has(withoutTag(image)));
  const there = new Set(kept.map(([image]) => withoutTag(image)));
  const added = has.filter((image) => !there.has(withoutTag(image))).map((image) => [image, { digest: null }] as const);
  return { ...lock, images: Object.fromEntries([...kept, ...added]) };
}
