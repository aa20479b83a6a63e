import type { Fault } from "../../policies/fault.ts";
import type { MachineSettings } from "../machine-kinds/index.ts";
import type { Sections } from "./sections.ts";
import { bytesOf } from "./sizes.ts";

/** What the machine itself, gate, route and bridge take beside the sandbox, as measured. */
const besideMegabytes = 500;
const demoName = "demo.nemoclaw.internal";

/** What other settings ask of a local machine, and its own do not give. */
export function localMachineFaults({ machine, limits, inference, telegram }: Partial<Sections>): Fault[] {
  if (machine === undefined) return [];
  const { kind, ...local } = machine as MachineSettings & { readonly demo?: boolean; readonly memory?: string };
  const faults: Fault[] = [];
  if (kind === "local" && local.memory !== undefined && limits !== undefined) {
    const least = bytesOf(limits.memory) + besideMegabytes * 2 ** 20;
    if (bytesOf(local.memory) < least) {
      const message = `${local.memory} is too little: the sandbox may take limits.memory, ${limits.memory}, and the machine itself ${besideMegabytes}M`;
      faults.push({ path: "machine.memory", message, instead: `${Math.ceil(least / 2 ** 20)}M or more` });
    }
  }
  if (kind === "local" && local.demo) return faults;
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
