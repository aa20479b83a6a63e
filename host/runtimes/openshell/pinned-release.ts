import { artifact, type Image, image, readLock } from "../../lock.ts";
import type { Artifact } from "../../steps/verified-download.ts";
import { programs } from "../embedded/programs.ts";
import type { InstallSpec } from "../runtime.ts";

const names = ["node", "npm", "openshell", "openshell-gateway"] as const;

/** All that the lock file pins of a release. */
export interface PinnedRelease {
  readonly version: string;
  readonly files: { readonly [K in (typeof names)[number]]: Omit<Artifact, "form"> };
  /** The image that holds the supervisor. */
  readonly supervisor: Image;
}

/** @throws HostError of kind `integrity` that names what is not pinned, and the command that pins it */
export function pinnedRelease({ arch, mirrors = {} }: InstallSpec): PinnedRelease {
  const lock = readLock();
  const files = names.map((name) => {
    const { sha256: hash, ...rest } = artifact(lock, name, arch, mirrors);
    return [name, { ...rest, hash }] as const;
  });
  const { openshell } = lock.artifacts;
  const version = openshell?.version ?? "";
  return {
    version,
    files: Object.fromEntries(files) as unknown as PinnedRelease["files"],
    supervisor: image(lock, `ghcr.io/nvidia/openshell/supervisor:${version}`, arch, mirrors),
  };
}

/** What an installation of the pinned release shows as its versions. */
export async function pinnedVersions(): Promise<Record<string, string>> {
  const { artifacts } = readLock();
  const { version: supervisor } = await programs();
  return { ...Object.fromEntries(names.map((name) => [name, artifacts[name]?.version ?? ""])), supervisor };
}
