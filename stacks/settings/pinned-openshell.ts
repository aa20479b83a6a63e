import type { Fault } from "../../policies/fault.ts";
import type { LegibleSections } from "./legible.ts";
import { isPinned, processorOf } from "./pinned-artifacts.ts";
import type { Pins } from "./pins.ts";

/** What is wrong with a stack's runtime, seen from what is pinned of OpenShell. */
export function openshellFaults({ machine, runtime }: LegibleSections, { artifacts, images }: Pins): Fault[] {
  // Where it pins no OpenShell at all, the plugin says so.
  const version = artifacts.openshell?.version;
  if (runtime?.kind !== "openshell" || version === undefined) return [];
  const arch = processorOf(machine);
  const has = (image: string) => Boolean(images[image]?.digest) || isPinned(images[image]?.archives ?? {}, arch);
  const unpinned = [
    ...Object.entries(artifacts)
      .filter(([name, { files }]) => name.startsWith("openshell") && !isPinned(files, arch))
      .map(([name]) => name),
    ...Object.keys(images).filter((image) => image.endsWith(`:${version}`) && !has(image)),
  ];
  const faults: Fault[] = [];
  if (runtime.version !== undefined && runtime.version !== version) {
    faults.push({
      path: "runtime.version",
      message: `${JSON.stringify(runtime.version)} is not the OpenShell that nemoclaw.lock.json pins`,
      instead: `${version}, or leave it out; another one is pinned with scripts/lock refresh openshell --version ${runtime.version}`,
    });
  }
  if (runtime.image !== undefined && !has(runtime.image)) {
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
