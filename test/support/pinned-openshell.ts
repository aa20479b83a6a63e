import type { Lock } from "../../host/lock.ts";
import { homeOf } from "../../host/runtimes/openshell/release-home.ts";

export const someSum = "0".repeat(64);

/** A lock that pins all of a release of OpenShell, as far as names and versions go. */
export function withOpenshell(real: Lock, version: string, images: Lock["images"] = {}): Lock {
  const lock = structuredClone(real);
  const file = (name: string) => ({ url: `{artifacts}/${name}-${version}`, sha256: someSum });
  for (const name of ["openshell", "openshell-gateway"]) {
    lock.artifacts[name] = { version, files: { "linux-amd64": file(name), "linux-arm64": file(name) } };
  }
  const digest = `sha256:${someSum}`;
  const { registry } = homeOf(version);
  lock.images = {
    ...images,
    [`${registry}/supervisor:${version}`]: { digest },
    ...(version.startsWith("0.1.") && { [`${registry}/sandbox:${version}`]: { digest } }),
  };
  return lock;
}
