import type { Machine } from "../host/machine.ts";
import { describeDocker } from "../host/preflight/docker.ts";
import type { PreflightFacts } from "../host/preflight/preflight.ts";
import type { PreflightVerdict } from "../host/preflight/verdict.ts";
import type { PresentedKey } from "../host/presented-keys.ts";
import { describeStopped } from "../host/stopped.ts";
import type { ComputerVerdict } from "./cloud-needs.ts";
import type { SandboxStatus } from "./sandbox-status.ts";

/** What `doctor` prints about a machine, of which nothing is known where it does not answer, and about the environment that stands on it. */
export function describeMachine(
  where: string,
  facts: PreflightFacts | undefined,
  { missing, notes }: PreflightVerdict,
  { faults, stopped }: Pick<SandboxStatus, "faults" | "stopped"> = { faults: [] },
): string {
  const rows = [["machine", where] as const, ...(facts ? rowsOf(facts) : [])];
  const lines = rows.map(([name, text]) => `${name.padEnd(11)}${text}`);
  for (const note of notes) lines.push(`note       ${note}`);
  for (const { found, try: hint } of missing) lines.push(`MISSING    ${found}`, `  try      ${hint}`);
  for (const { found, try: hint } of faults) lines.push(`FAULT      ${found}`, `  try      ${hint}`);
  if (stopped) lines.push(`note       the environment on it is ${describeStopped(stopped)}`);
  const smi = facts?.gpu.smi;
  if (missing.length + faults.length === 0)
    lines.push(smi && smi.exitCode !== 0 ? "fit, without its GPU" : "fit for this stack");
  return lines.join("\n");
}

function rowsOf(facts: PreflightFacts): [string, string][] {
  const { system, kernel, room, clockAhead, ports, docker } = facts;
  const held = ports.filter(({ heldBy }) => heldBy !== "").map(({ port, heldBy }) => `${port} ${heldBy}`);
  return [
    ["system", `${system.name || system.distribution}, ${system.architecture}, Linux ${kernel.release}`],
    ["libraries", `${system.glibc ? `glibc ${system.glibc}` : "no glibc"}, systemd ${system.systemd || "none"}`],
    ["kernel", `control groups ${kernel.cgroups}, Landlock ${kernel.landlock ? "on" : "not offered"}`],
    ["room", `${room.cpus} CPUs, ${room.memoryMiB} MiB of memory, ${room.diskFreeMiB} MiB free on ${room.diskAt}`],
    ["clock", clockAhead === 0 ? "as here" : `${Math.abs(clockAhead)} s ${clockAhead > 0 ? "ahead" : "behind"}`],
    ["GPU", describeGpu(facts)],
    ["Docker", describeDocker(docker)],
    ["ports", held.length === 0 ? "free" : held.join(", ")],
  ];
}

/** What `doctor` prints before a cloud machine is made: only this computer can be looked at by then. */
export function describeComputer(machine: string, { found, missing }: ComputerVerdict): string {
  const width = Math.max(...["machine", ...found.map(({ what }) => what)].map((text) => text.length)) + 2;
  return [
    `${"machine".padEnd(width)}${machine}`,
    ...found.map((each) => `${each.what.padEnd(width)}${each.found}`),
    ...missing.flatMap((each) => [`${"MISSING".padEnd(width)}${each.found}`, `${"  try".padEnd(width)}${each.try}`]),
    ...(missing.length === 0 ? ["this computer has what it takes; the machine is looked at once it is made"] : []),
  ].join("\n");
}

/** What `doctor --host-key` prints: nothing here is proven, and it says how to prove it. */
export function describeKeys(where: string, keys: readonly PresentedKey[], via?: Machine["via"]): string {
  const through = via && (via.kind === "jump" ? `, through ${via.address}` : `, through ${via.argv[0]}`);
  return [
    `${where}${through ?? ""} presents these host keys. Nobody has vouched for them yet: compare the fingerprints with those`,
    "the machine itself prints on its console, or with what its owner tells you another way:",
    "  for key in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $key; done",
    "",
    ...keys.map(({ fingerprint }) => `  ${fingerprint}`),
    "",
    "If they are the same, pin one of them in the stack file, under nemoclaw:machine:",
    "",
    "  hostKeys:",
    ...keys.map(({ line }) => `    - ${line}`),
  ].join("\n");
}

function describeGpu({ gpu: { devices, names, driver, smi } }: PreflightFacts): string {
  if (names.length > 0) return `${names.join(", ")}, driver ${driver || "unknown"}`;
  if (devices === 0) return "none of NVIDIA";
  if (!smi) return `${devices} of NVIDIA, no driver`;
  return `${devices} of NVIDIA, nvidia-smi says: ${smi.said.split("\n")[0]}`;
}
