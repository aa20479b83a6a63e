import { HostError } from "./errors.ts";
import type { Machine } from "./machine.ts";
import type { GpuFacts, KernelFacts, PortFacts, PreflightFacts, RoomFacts, SystemFacts } from "./preflight-facts.ts";
import { ensureOwner } from "./steps/owner.ts";

/** Something a machine lacks, and what a person can do about it. */
export interface Finding {
  /** `memory`, `clock`: stable, for programs that read it. */
  readonly what: string;
  readonly found: string;
  readonly try: string;
}

export interface PreflightVerdict {
  /** What nothing will run without. */
  readonly missing: readonly Finding[];
  /** What works and is worth knowing. */
  readonly notes: readonly string[];
}

export interface PreflightWants {
  readonly arch: Machine["arch"];
  readonly gpu: Machine["gpu"];
  readonly owner: Machine["owner"];
  /** Whether the stack's sandbox needs Landlock; the embedded runtime does without. @default false */
  readonly landlock?: boolean;
}

const architectures = { amd64: "x86_64", arm64: "aarch64" } as const;
const oldest: Readonly<Record<string, number>> = { debian: 12, ubuntu: 22.04 };
const limits = {
  glibc: "2.28",
  /** LoadCredential= came with it. */
  systemd: 247,
  memoryMiB: 3500,
  comfortableMiB: 7500,
  diskMiB: 6 * 1024,
  /** Where we are installed already, only room to work. */
  diskLaterMiB: 512,
  clockSeconds: 90,
};

/** Holds a machine's facts against what a stack needs; pure, and complete: every lack at once. */
export function judge(facts: PreflightFacts, wants: PreflightWants): PreflightVerdict {
  const missing: Finding[] = [];
  const notes: string[] = [];
  const lacks = (what: string, found: string, hint: string) => void missing.push({ what, found, try: hint });
  const say = { lacks, note: (text: string) => void notes.push(text) };

  judgeSystem(facts.system, wants, say);
  judgeKernel(facts.kernel, wants, say);
  judgeRoom(facts.room, facts.owner.owner !== undefined, say);
  judgeClock(facts.clockAhead, say);
  judgeGpu(facts.gpu, wants, say);
  judgePorts(facts.ports, say);
  judgeOwner(facts, wants, say);
  return { missing, notes };
}

/** All that is missing as one error; nothing has been changed by then. */
export function preflightFailure(machine: Machine, { missing }: PreflightVerdict): HostError {
  const count = missing.length === 1 ? "one thing is" : `${missing.length} things are`;
  return new HostError("foreign", {
    summary: `${machine.address} cannot take this stack: ${count} missing; nothing was changed on it`,
    said: missing.map(({ found, try: hint }) => `${found}\n  → ${hint}`).join("\n"),
  });
}

interface Say {
  lacks(what: string, found: string, hint: string): void;
  note(text: string): void;
}

function judgeSystem(system: SystemFacts, { arch }: PreflightWants, { lacks, note }: Say): void {
  if (system.architecture !== architectures[arch]) {
    const [is] = Object.entries(architectures).find(([, name]) => name === system.architecture) ?? [];
    const hint = is ? `set machine.arch to ${is}` : "choose a machine with an x86_64 or aarch64 processor";
    lacks(
      "architecture",
      `the machine is ${system.architecture || "of an unknown kind"}, and ${arch} is configured`,
      hint,
    );
  }
  const name = system.name || system.distribution || "of an unknown distribution";
  const since = oldest[system.distribution];
  if (!system.apt) {
    lacks("distribution", `${name} has no apt`, "use Debian 12 or later, or Ubuntu 22.04 or later");
  } else if (since === undefined) {
    note(`${name} is neither Debian nor Ubuntu; what both share is expected of it`);
  } else if (Number(system.version) < since) {
    lacks("distribution", `${name} is too old`, `upgrade it to ${system.distribution} ${since} or later`);
  }
  if (!system.glibc || compare(system.glibc, limits.glibc) < 0) {
    lacks(
      "glibc",
      `its C library is ${system.glibc ? `glibc ${system.glibc}` : "not glibc"}`,
      `glibc ${limits.glibc} or later is needed: use a newer system`,
    );
  }
  if (system.systemd < limits.systemd) {
    const found = system.systemd ? `systemd ${system.systemd} is too old` : "systemd is not its first process";
    lacks("systemd", found, `systemd ${limits.systemd} or later is needed: use a newer system, booted as a machine`);
  }
}

function judgeKernel(kernel: KernelFacts, { landlock }: PreflightWants, { lacks, note }: Say): void {
  // systemd keeps a unit's limits with either version.
  if (kernel.cgroups === "tmpfs") note("control groups are of version 1; Docker and systemd are about to drop them");
  else if (kernel.cgroups !== "cgroup2fs") {
    const found = `no control groups are mounted${kernel.cgroups ? ` but ${kernel.cgroups}` : ""}`;
    lacks("cgroups", found, "boot with systemd.unified_cgroup_hierarchy=1 on the kernel's command line");
  }
  if (kernel.userNamespaces === 0) {
    lacks(
      "user-namespaces",
      "user namespaces are switched off",
      "sysctl -w user.max_user_namespaces=10000, and keep it in /etc/sysctl.d",
    );
  } else if (!kernel.unprivilegedUserNamespaces) {
    lacks(
      "user-namespaces",
      "only root may make user namespaces",
      "sysctl -w kernel.unprivileged_userns_clone=1, and keep it in /etc/sysctl.d",
    );
  }
  if (kernel.appArmorRestricts) {
    note("AppArmor lets only named programs make user namespaces; a profile for the sandbox's is installed");
  }
  if (!kernel.landlock && landlock) {
    lacks(
      "landlock",
      "the kernel has no Landlock, or it is not switched on",
      "add landlock to lsm= on the kernel's command line; it needs Linux 5.13 or later",
    );
  } else if (!kernel.landlock) {
    note("the kernel offers no Landlock; the embedded runtime does without it");
  }
}

function judgeRoom(room: RoomFacts, installed: boolean, { lacks, note }: Say): void {
  const gib = (mib: number) => `${(mib / 1024).toFixed(1)} GiB`;
  if (room.memoryMiB < limits.memoryMiB) {
    lacks(
      "memory",
      `it has ${gib(room.memoryMiB)} of memory`,
      "4 GiB are the least, 8 GiB and more are well: use a larger machine",
    );
  } else if (room.memoryMiB < limits.comfortableMiB) {
    note(`${gib(room.memoryMiB)} of memory are little for an agent; 8 GiB and more are well`);
  }
  const least = installed ? limits.diskLaterMiB : limits.diskMiB;
  if (room.diskFreeMiB < least) {
    lacks(
      "disk",
      `${gib(room.diskFreeMiB)} are free on ${room.diskAt}`,
      `make room: ${gib(least)} are needed, 40 GiB are well`,
    );
  }
}

function judgeClock(ahead: number, { lacks }: Say): void {
  if (Math.abs(ahead) <= limits.clockSeconds) return;
  const by = `${Math.abs(ahead)} s ${ahead > 0 ? "ahead of" : "behind"}`;
  lacks(
    "clock",
    `its clock is ${by} this computer's`,
    "timedatectl set-ntp true on the one that is wrong; certificates and tokens depend on it",
  );
}

function judgeGpu(gpu: GpuFacts, { gpu: wanted }: PreflightWants, { lacks, note }: Say): void {
  if (wanted === "none") return;
  const seen = Math.max(gpu.devices, gpu.names.length);
  if (seen === 0) {
    lacks(
      "gpu",
      `no NVIDIA GPU is on its buses, and ${wanted.count} × ${wanted.model} is configured`,
      "use a machine with one, or set machine.gpu to none",
    );
    return;
  }
  if (seen < wanted.count) {
    lacks(
      "gpu",
      `it has ${seen} GPU${seen === 1 ? "" : "s"}, and ${wanted.count} are configured`,
      "correct the count of machine.gpu",
    );
  }
  // Installed and not working is nothing an installation mends.
  if (gpu.smi && gpu.smi.exitCode !== 0) {
    lacks(
      "gpu-driver",
      `nvidia-smi fails: ${gpu.smi.said.split("\n").slice(0, 3).join(" ")}`,
      "reboot the machine; where that does not help: dmesg | grep -i nvrm, mokutil --sb-state",
    );
  } else if (!gpu.smi) {
    note("no NVIDIA driver is installed yet");
  } else if (!gpu.names.some((name) => sameModel(name, wanted.model))) {
    note(`its GPU is ${gpu.names[0]}, and ${wanted.model} is configured`);
  }
}

function judgePorts(ports: readonly PortFacts[], { lacks }: Say): void {
  for (const { port, heldBy } of ports) {
    if (heldBy === "" || heldBy.startsWith("nemoclaw-")) continue;
    lacks(
      `port-${port}`,
      `${heldBy} listens on port ${port}`,
      "stop it, or let it listen elsewhere: the sandbox's services need this port",
    );
  }
}

function judgeOwner({ owner }: PreflightFacts, wants: PreflightWants, { lacks }: Say): void {
  try {
    ensureOwner(wants.owner).plan(owner);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    lacks("owner", error.details.summary, error.details.try ?? "destroy the other stack first");
  }
}

/** `H100` is `NVIDIA H100 80GB HBM3`. */
function sameModel(name: string, wanted: string): boolean {
  const words = (text: string) =>
    text
      .toLowerCase()
      .split(/[^a-z0-9]+/)
      .filter(Boolean);
  const has = words(name);
  return words(wanted).every((word) => has.includes(word));
}

function compare(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(".").map(Number));
  for (const [n, part] of (right ?? []).entries()) {
    const difference = (left?.[n] ?? 0) - part;
    if (difference !== 0) return difference;
  }
  return 0;
}
