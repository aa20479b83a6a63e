import { localArch } from "../../components/machine/local-arch.ts";
import type { Arch } from "../../components/machine/machine-types.ts";
import type { Fault } from "../../policies/fault.ts";
import type { LegibleSections } from "./legible.ts";
import type { Pins } from "./pins.ts";

type Files = Pins["artifacts"][string]["files"];

/** Files that a stack's machine downloads and the lock file has no checksum of; OpenShell's own are `openshellFaults`. */
export function artifactFaults({ machine, runtime, tunnel }: LegibleSections, { artifacts }: Pins): Fault[] {
  const arch = processorOf(machine);
  const needed = {
    "runtime.kind": runtime ? ["node", "npm"] : [],
    "tunnel.kind": tunnel && tunnel.kind !== "none" ? ["cloudflared"] : [],
  };
  return Object.entries(needed).flatMap(([path, names]) =>
    names
      .filter((name) => !isPinned(artifacts[name]?.files ?? {}, arch))
      .map((name) => ({ path, ...unpinned(name, artifacts[name], arch) })),
  );
}

function unpinned(name: string, artifact: Pins["artifacts"][string] | undefined, arch: Arch | undefined) {
  const { version = "", files = {} } = artifact ?? {};
  const [on, at] = arch === undefined ? ["any processor", ""] : [`linux-${arch}`, `.files.linux-${arch}`];
  const hasFile = arch === undefined ? Object.keys(files).length > 0 : files[on] !== undefined;
  const refresh = `run scripts/lock refresh ${name}`;
  return {
    message: `nemoclaw.lock.json has no ${hasFile ? "checksum" : "file"} of ${`${name} ${version}`.trim()} for ${on}`,
    instead: hasFile ? refresh : `its address at artifacts.${name}${at}, then ${refresh}`,
  };
}

/** Whether these files can be installed on such a processor; on any, where it is not known yet. */
export function isPinned(files: Files, arch: Arch | undefined): boolean {
  const found = arch === undefined ? Object.values(files) : [files[`linux-${arch}`]];
  return found.some((file) => file?.sha256);
}

/** The processor of the machine that a stack describes, where that can be read. */
export function processorOf(machine: LegibleSections["machine"]): Arch | undefined {
  if (machine?.kind === "local") return localArch;
  return machine?.kind === "existing" ? machine.arch : machine?.image?.arch;
}
