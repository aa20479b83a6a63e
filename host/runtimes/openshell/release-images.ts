import { dialectOf } from "./dialect.ts";
import { homeOf } from "./release-home.ts";

/** The images of one release of OpenShell, by reference. */
export interface ReleaseImages {
  /** Holds the supervisor. */
  readonly supervisor: string;
  /** What runs inside a sandbox, where the release has an image of it beside the supervisor's. */
  readonly runtime?: string;
}

/**
 * The images that a release has, which its line decides; where they are, its number does.
 *
 * @throws HostError of kind `integrity` for a release that this driver does not speak
 *
 * @example
 * releaseImages("0.0.112"); // { supervisor: "ghcr.io/nvidia/openshell/supervisor:0.0.112" }
 */
export function releaseImages(version: string): ReleaseImages {
  const { runtimeImage } = dialectOf(version);
  const { registry } = homeOf(version);
  const named = (name: string) => `${registry}/${name}:${version}`;
  return { supervisor: named("supervisor"), ...(runtimeImage && { runtime: named("sandbox") }) };
}

/** The same as a list of references. @throws as `releaseImages` */
export function imagesOf(version: string): string[] {
  const { supervisor, runtime } = releaseImages(version);
  return runtime === undefined ? [supervisor] : [supervisor, runtime];
}
