import { numberOf } from "./release-number.ts";

/** Where releases of OpenShell are published. */
interface ReleaseHome {
  /** What its images' names begin with. */
  readonly registry: string;
  /** What its files' addresses begin with, as the lock file writes them. */
  readonly repository: string;
}

const first: ReleaseHome = { registry: "ghcr.io/nvidia/openshell", repository: "{artifacts}/NVIDIA/OpenShell" };
const moved: ReleaseHome = { registry: "quay.io/ai-openshell", repository: "{artifacts}/ai-openshell/openshell" };

/** The first release that was published at the new home, by the notes of that release. */
const movedWith = "0.1.10";

/** The home of a release. */
export function homeOf(version: string): ReleaseHome {
  return numberOf(version).localeCompare(movedWith, "en", { numeric: true }) < 0 ? first : moved;
}

/**
 * An image's name or a file's address, at the home of a release. What is at no home of OpenShell's, a site's own say, stays as
 * it is.
 *
 * @example
 * atHome("ghcr.io/nvidia/openshell/supervisor:0.1.10", "0.1.10"); // "quay.io/ai-openshell/supervisor:0.1.10"
 */
export function atHome(place: string, version: string): string {
  const home = homeOf(version);
  for (const { registry, repository } of [first, moved]) {
    if (place.startsWith(`${registry}/`)) return `${home.registry}${place.slice(registry.length)}`;
    if (place.startsWith(`${repository}/`)) return `${home.repository}${place.slice(repository.length)}`;
  }
  return place;
}
