import { isOpenshell, type Lock } from "./lock.ts";
import { atHome } from "./runtimes/openshell/release-home.ts";
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
  // Another release may be published elsewhere: the image is the same one, and a refresh moves it.
  const nameOf = (image: string) => withoutTag(atHome(image, version));
  const named = new Set(has.map(nameOf));
  const kept = Object.entries(lock.images).filter(([image]) => !isOpenshell(image) || named.has(nameOf(image)));
  const there = new Set(kept.map(([image]) => nameOf(image)));
  const added = has.filter((image) => !there.has(nameOf(image))).map((image) => [image, { digest: null }] as const);
  return { ...lock, images: Object.fromEntries([...kept, ...added]) };
}
