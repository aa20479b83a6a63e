import type { Approvals } from "../host/runtimes/operations.ts";
import type { Finding } from "../host/runtimes/runtime.ts";
import { describeStopped } from "../host/stopped.ts";
import { duration } from "./duration.ts";
import type { Fault } from "./environment-faults.ts";
import type { SandboxStatus } from "./sandbox-status.ts";
import { outdated } from "./version-look.ts";

/** An environment on one screen, for people. @param sandbox its name, where the stack has several */
export function statusScreen(stack: string, status: SandboxStatus, sandbox?: string): string {
  const rows = rowsOf(sandbox === undefined ? stack : `${stack}, sandbox ${sandbox}`, status);
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  const { faults, phase } = status;
  const verdict = phase === "stopped" ? `stopped; up again: scripts/start -s ${stack}` : "all well";
  return [
    ...rows.map(([name, text]) => `${name.padEnd(width)}${text}`),
    faults.length === 0 ? verdict : faultLines(faults),
  ].join("\n");
}

export function faultLines(faults: readonly Fault[]): string {
  return faults.map((fault) => `FAULT  ${fault.found}\n  try  ${fault.try}`).join("\n");
}

function rowsOf(name: string, status: SandboxStatus): [string, string][] {
  const { demo, units, approvals, drift, stateChangedAt, lookedAt } = status;
  const parts = units.map(({ unit, state, since, restarts }): [string, string] => [
    `  ${unit.replace(/^nemoclaw-|\.service$/g, "")}`,
    `${state}${since ? `   since ${since}` : ""}${restarts > 0 ? `   restarted ${restarts} times` : ""}`,
  ]);
  const found = drift.length === 0 ? "none" : `${drift.length}, see below`;
  return [
    ["stack", `${name}${demo ? "   DEMO: the model echoes and Telegram is a stand-in" : ""}`],
    ["machine", machineRow(status.machine)],
    ["runtime", status.runtime],
    ["sandbox", sandboxRow(status)],
    ...parts,
    ["enforced", enforcedRow(status)],
    ["model", modelRow(status.model)],
    ["policy", policyRow(status.policy)],
    ...(status.bridge ? [["telegram", bridgeRow(status.bridge)] as [string, string]] : []),
    ...(status.tunnel ? [["tunnel", tunnelRow(status.tunnel)] as [string, string]] : []),
    ["versions", versionsRow(status)],
    ...(approvals ? [["approvals", approvalsRow(approvals)] as [string, string]] : []),
    ["drift", `${found}   looked at ${lookedAt}, against the state of ${stateChangedAt ?? "an unknown time"}`],
  ];
}

function machineRow({ address, port, ...facts }: SandboxStatus["machine"]): string {
  const { upSeconds, load, cpus, memoryBytes, memoryFreeBytes, diskBytes, diskFreeBytes } = facts;
  const of = (free: number, all: number) => `${gigabytes(free)} of ${gigabytes(all)} GB free`;
  return [
    `${address}:${port}`,
    `up ${duration(upSeconds)}`,
    `load ${load} on ${cpus} CPUs`,
    `memory ${of(memoryFreeBytes, memoryBytes)}`,
    `disk ${of(diskFreeBytes, diskBytes)}`,
  ].join("   ");
}

function sandboxRow({ phase, stopped, agent }: SandboxStatus): string {
  if (stopped && phase === "unknown") return `NOT KNOWN whether it runs; to be ${describeStopped(stopped)}`;
  if (stopped && phase === "running") return `RUNS; to be ${describeStopped(stopped)}`;
  if (stopped) return describeStopped(stopped);
  if (!agent) return "DOWN: nothing answers for it";
  const { version, pid } = agent;
  return `${phase}   OpenClaw ${version ?? "(version unknown)"}${pid === undefined ? "" : `, process ${pid}`}`;
}

function enforcedRow({ enforced, gaps }: SandboxStatus): string {
  const tried =
    enforced === true ? "yes, as tried inside when it was made" : enforced === undefined ? "not tried yet" : "";
  const broken = Array.isArray(enforced) ? `NOT: ${(enforced as Finding[]).map(({ path }) => path).join(", ")}` : "";
  const kinds = [...new Set(gaps.map(({ accept }) => accept))];
  return `${tried}${broken}${kinds.length > 0 ? `; not by this runtime, and accepted: ${kinds.join(", ")}` : ""}`;
}

function modelRow({ configured, inForce }: SandboxStatus["model"]): string {
  if (!inForce) return `none in force; configured ${configured ?? "none"}`;
  return inForce === configured ? inForce : `${inForce}, though ${configured} is configured`;
}

function policyRow({ file, inForce }: SandboxStatus["policy"]): string {
  if (!file) return "no policy on the machine yet";
  return inForce === file ? `${file.slice(0, 12)}, in force` : `${file.slice(0, 12)}, NOT in force`;
}

function bridgeRow({ unreadable, bot, lastPollAt, queue, answered }: NonNullable<SandboxStatus["bridge"]>): string {
  if (unreadable) return `not known: ${unreadable}`;
  return `bot ${bot ?? "?"}, last poll ${lastPollAt ?? "never"}, ${queue ?? 0} waiting, ${answered ?? 0} answered`;
}

function tunnelRow({ ready, url }: NonNullable<SandboxStatus["tunnel"]>): string {
  return `${ready ? "connected" : "NOT connected"}${url ? `   ${url}` : ""}`;
}

function approvalsRow(approvals: Approvals): string {
  if ("unreadable" in approvals) return `not known: ${approvals.unreadable.split("\n")[0]}`;
  return approvals.map(({ asks }) => asks).join("; ") || "none wait";
}

function versionsRow({ versions }: SandboxStatus): string {
  if (versions.length === 0) return "not known: nothing that has one was found";
  const numbered = versions
    .filter(({ name }) => /^[a-z]/.test(name))
    .map(({ name, installed }) => `${name} ${installed}`);
  const old = outdated(versions).map(
    ({ name, installed, pinned }) => `${name} ${installed}, pinned ${pinned ?? "none"}`,
  );
  const verdict = old.length === 0 ? "as this clone pins them" : `NOT as this clone pins them: ${old.join("; ")}`;
  return [verdict, ...(numbered.length > 0 ? [numbered.join(", ")] : [])].join("   ");
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(bytes < 1e10 ? 1 : 0);
}
