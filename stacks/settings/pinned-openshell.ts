import type { Fault } from "../../policies/fault.ts";

/** What the lock file has of OpenShell. */
export interface PinnedOpenshell {
  readonly version: string;
  /** What has no checksum for any processor, and so cannot be installed. */
  readonly unpinned: readonly string[];
  /** Whether an image of this reference can be installed. */
  has(image: string): boolean;
}

type Files = Readonly<Record<string, { readonly sha256?: string | null }>>;

/** Reads the text of `nemoclaw.lock.json`; undefined where it pins no OpenShell at all. The plugin checks the rest of it. */
export function pinnedOpenshell(text: string): PinnedOpenshell | undefined {
  const { artifacts = {}, images = {} } = JSON.parse(text) as {
    artifacts?: Readonly<Record<string, { version: string; files: Files }>>;
    images?: Readonly<Record<string, { digest?: string | null; archives?: Files }>>;
  };
  const version = artifacts.openshell?.version;
  if (version === undefined) return undefined;
  const isPinned = (files: Files = {}) => Object.values(files).some(({ sha256 }) => sha256);
  const has = (image: string) => Boolean(images[image]?.digest) || isPinned(images[image]?.archives);
  return {
    version,
    unpinned: [
      ...Object.entries(artifacts)
        .filter(([name, { files }]) => name.startsWith("openshell") && !isPinned(files))
        .map(([name]) => name),
      ...Object.keys(images).filter((image) => image.endsWith(`:${version}`) && !has(image)),
    ],
    has,
  };
}

/** What is wrong with a stack's runtime, seen from what is pinned of OpenShell. */
export function openshellFaults(
  runtime: { readonly kind: string; readonly version?: string | undefined; readonly image?: string | undefined },
  pinned: PinnedOpenshell | undefined,
): Fault[] {
  if (runtime.kind !== "openshell" || pinned === undefined) return [];
  const { version, unpinned } = pinned;
  const faults: Fault[] = [];
  if (runtime.version !== undefined && runtime.version !== version) {
    faults.push({
      path: "runtime.version",
      message: `${JSON.stringify(runtime.version)} is not the OpenShell that nemoclaw.lock.json pins`,
      instead: `${version}, or leave it out; another one is pinned with scripts/lock refresh openshell --version ${runtime.version}`,
    });
  }
  if (runtime.image !== undefined && !pinned.has(runtime.image)) {
    faults.push({
      path: "runtime.image",
      message: `${JSON.stringify(runtime.image)} is not an image that nemoclaw.lock.json pins`,
      instead: `run scripts/lock refresh ${runtime.image}, or leave it out`,
    });
  }
  if (unpinned.length > 0) {
    faults.push({
      path: "runtime.kind",
      message: `nemoclaw.lock.json has no checksums of OpenShell ${version}: ${unpinned.join(", ")}`,
      instead: "run scripts/lock refresh openshell, or take runtime: { kind: embedded }",
    });
  }
  return faults;
}
