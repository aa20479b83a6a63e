import type { Fault } from "../../policies/fault.ts";
import type { LegibleSections } from "./legible.ts";
import { bytesOf } from "./sizes.ts";

/** What the machine itself, gate, route and bridge take beside the sandbox, as measured. */
const besideMegabytes = 500;
const demoName = "demo.nemoclaw.internal";

/** What other settings ask of a local machine, and its own do not give. */
export function localMachineFaults({ machine, limits, inference, telegram }: LegibleSections): Fault[] {
  const faults: Fault[] = [];
  if (machine?.kind === "local" && machine.memory !== undefined && limits?.memory !== undefined) {
    const least = bytesOf(limits.memory) + besideMegabytes * 2 ** 20;
    if (bytesOf(machine.memory) < least) {
      const message = `${machine.memory} is too little: the sandbox may take limits.memory, ${limits.memory}, and the machine itself ${besideMegabytes}M`;
      faults.push({ path: "machine.memory", message, instead: `${Math.ceil(least / 2 ** 20)}M or more` });
    }
  }
  // Of a machine that cannot be read, nobody knows.
  if (machine === undefined || (machine.kind === "local" && machine.demo !== false)) return faults;
  for (const [path, url] of Object.entries({
    "inference.baseUrl": inference?.baseUrl,
    "telegram.apiRoot": telegram?.apiRoot,
  })) {
    if (url === undefined || new URL(url).hostname !== demoName) continue;
    const message = `${demoName} is only there with machine.demo`;
    faults.push({ path, message, instead: "machine: { kind: local, demo: true }, or a service that is there" });
  }
  return faults;
}
