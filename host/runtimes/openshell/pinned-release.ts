import { HostError } from "../../errors.ts";
import { type Arch, artifact, type Image, image, type Lock, readLock } from "../../lock.ts";
import type { Artifact } from "../../steps/verified-download.ts";
import { programs } from "../embedded/programs.ts";
import type { InstallSpec, Mirrors } from "../runtime.ts";
import { type Dialect, dialectOf } from "./dialect.ts";
import { pinnedOn } from "./pinned-on.ts";
import { releaseImages } from "./release-images.ts";

const names = ["node", "npm", "openshell", "openshell-gateway"] as const;

/** All that the lock file pins of a release. */
export interface PinnedRelease {
  readonly version: string;
  readonly files: { readonly [K in (typeof names)[number]]: Omit<Artifact, "form"> };
  readonly dialect: Dialect;
  /** The image that holds the supervisor. */
  readonly supervisor: Image;
  /** The image of what runs inside a sandbox, where the release has one beside the supervisor's. */
  readonly runtime?: Image;
}

/** @throws HostError of kind `integrity` that names what is not pinned, and the command that pins it */
export function pinnedRelease({ arch, mirrors = {} }: Pick<InstallSpec, "arch" | "mirrors">): PinnedRelease {
  const lock = readLock();
  return pinnedOn(arch, (known) => releaseOn(lock, known, mirrors));
}

function releaseOn(lock: Lock, arch: Arch, mirrors: Mirrors): PinnedRelease {
  const files = names.map((name) => {
    const { sha256: hash, ...rest } = artifact(lock, name, arch, mirrors);
    return [name, { ...rest, hash }] as const;
  });
  const { openshell, "openshell-gateway": gateway } = lock.artifacts;
  const version = openshell?.version ?? "";
  if (gateway?.version !== version) {
    throw new HostError("integrity", {
      summary: `nemoclaw.lock.json pins OpenShell's CLI ${version} and its gateway ${gateway?.version}, which speak to each other only when they are of one release`,
      try: `scripts/lock refresh openshell-gateway --version ${version}`,
    });
  }
  const dialect = dialectOf(version);
  const { supervisor, runtime } = releaseImages(version);
  return {
    version,
    dialect,
    files: Object.fromEntries(files) as unknown as PinnedRelease["files"],
    supervisor: image(lock, supervisor, arch, mirrors),
    ...(runtime && { runtime: image(lock, runtime, arch, mirrors) }),
  };
}

/** What an installation of the pinned release shows as its versions. */
export async function pinnedVersions(): Promise<Record<string, string>> {
  const { artifacts } = readLock();
  const { version: supervisor } = await programs();
  return { ...Object.fromEntries(names.map((name) => [name, artifacts[name]?.version ?? ""])), supervisor };
}
