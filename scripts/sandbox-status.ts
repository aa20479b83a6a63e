import type { Host } from "../host/host.ts";
import { fullDisk, roomFacts } from "../host/preflight/room.ts";
import { paths } from "../host/runtimes/embedded/paths.ts";
import type { Approvals, SandboxReport } from "../host/runtimes/operations.ts";
import type { Finding } from "../host/runtimes/runtime.ts";
import { readyFacts } from "../host/steps/cloudflare-tunnel.ts";
import { type Stopped, stoppedFacts } from "../host/stopped.ts";
import { type BridgeReport, bridgeFacts } from "./bridge-facts.ts";
import { cutOffIn, type Drifted, driftIn, goneIn, type Looked, lookAt } from "./drift-look.ts";
import { cutOffFaults, type Fault, faultsOf } from "./environment-faults.ts";
import { unitsByPart } from "./environment-units.ts";
import { type MachineFacts, machineFacts, type UnitStatus, unitsFacts } from "./machine-facts.ts";
import { gapsIn } from "./policy-gaps.ts";
import type { Standing } from "./stack-command.ts";
import { unfinishedFaults } from "./unfinished-update.ts";
import { type VersionRow, versionsIn } from "./version-look.ts";

/** What stands of an environment, asked on its machine and compared with the stack's state. */
export interface SandboxStatus {
  /** When it was looked at, ISO 8601. */
  readonly lookedAt: string;
  /** The model or Telegram beside the machine are stand-ins. */
  readonly demo: boolean;
  readonly machine: { readonly id: string; readonly address: string; readonly port: number } & MachineFacts;
  readonly runtime: string;
  /** Of one that is stopped on purpose: `running` where its sandbox runs nevertheless, `unknown` where nobody could see that it is down. */
  readonly phase: "ready" | "starting" | "down" | "stopped" | "running" | "unknown";
  /** Who stopped it on purpose. */
  readonly stopped?: Stopped;
  /** As it was tried inside when the sandbox was last made: `true`, or what did not hold. */
  readonly enforced?: unknown;
  /** What this runtime cannot enforce of the policy, and was accepted. */
  readonly gaps: readonly Finding[];
  readonly units: readonly UnitStatus[];
  readonly agent?: SandboxReport["agent"];
  /** What the runtime says of the sandbox itself; absent where its units say it all. */
  readonly sandboxRuns?: SandboxReport["sandboxRuns"];
  readonly model: { readonly configured?: string; readonly inForce?: string };
  /** Digests of the policy file on the machine and of the one that is enforced. */
  readonly policy: SandboxReport["policy"];
  /** Absent where the stack has none. */
  readonly bridge?: BridgeReport;
  readonly tunnel?: { readonly ready: boolean; readonly url?: string };
  readonly versions: readonly VersionRow[];
  /** Absent for a runtime that never asks. */
  readonly approvals?: Approvals;
  /** Against what the last update left; the state last changed at `stateChangedAt`. */
  readonly drift: readonly Drifted[];
  readonly stateChangedAt?: string;
  /** What is not as it should be; empty when all is well, also while it is down on purpose. */
  readonly faults: readonly Fault[];
}

/** What a look at a whole stack has for one of several sandboxes; what is no sandbox's own is told beside them. */
export interface OwnLook {
  readonly looked: Promise<readonly Looked[]>;
  readonly drift: Promise<readonly Drifted[]>;
}

/** Looks afresh, in one round trip. @param own where the stack has several sandboxes */
export async function readSandboxStatus(
  host: Host,
  stack: string,
  standing: Standing,
  own?: OwnLook,
): Promise<SandboxStatus> {
  const { state, machine, sandbox } = standing;
  const runtime = standing.runtime;
  const { operations } = runtime;
  const parts = unitsByPart(standing);
  const [facts, room, units, stopped, report, bridge, tunnel, approvals, looked, drift] = await Promise.all([
    host.look(machineFacts),
    // The disk is the machine's, which is told beside several sandboxes.
    own ? undefined : host.look(roomFacts),
    host.look(unitsFacts(Object.values(parts))),
    host.look(stoppedFacts(sandbox)),
    host.look(operations.report(sandbox, machine.owner)),
    parts.bridge ? host.look(bridgeFacts(paths.status(sandbox, "bridge"))) : undefined,
    parts.tunnel ? host.look(readyFacts) : undefined,
    operations.approvals ? host.look(operations.approvals(sandbox)) : undefined,
    own ? own.looked : lookAt(state),
    own?.drift,
  ]);
  const configured = state.find("nemoclaw:host:InferenceRoute")?.inputs.model;
  const url = state.find("nemoclaw:host:CloudflareTunnel")?.outputs.url;
  const status = {
    lookedAt: new Date().toISOString(),
    demo: state.find("nemoclaw:local:Demo") !== undefined,
    machine: { id: machine.id, address: machine.address, port: machine.port, ...facts },
    runtime: runtime.kind,
    phase: phaseOf(stopped, report),
    stopped,
    enforced: state.find("nemoclaw:host:Sandbox")?.outputs.enforced,
    gaps: gapsIn(standing),
    units,
    agent: report.agent,
    sandboxRuns: report.sandboxRuns,
    model: { configured: typeof configured === "string" ? configured : undefined, inForce: report.model },
    policy: report.policy,
    bridge,
    tunnel: tunnel && { ready: tunnel.ready, url: typeof url === "string" ? url : tunnel.hostname },
    versions: await versionsIn(looked),
    approvals,
    drift: drift ?? [...driftIn(looked), ...goneIn(state)],
    stateChangedAt: state.changedAt,
  };
  const full = room && fullDisk(room, true);
  const faults = [
    // Also of one that is stopped, which would not start.
    ...(full ? [full] : []),
    ...faultsOf({ stack, parts, errors: report.errors }, status),
    ...cutOffFaults(stack, cutOffIn(looked)),
  ];
  return { ...status, faults: own ? faults : [...faults, ...unfinishedFaults(stack, state)] };
}

function phaseOf(stopped: Stopped | undefined, { agent, sandboxRuns }: SandboxReport): SandboxStatus["phase"] {
  if (stopped && sandboxRuns) return sandboxRuns === "unknown" ? "unknown" : "running";
  if (stopped) return "stopped";
  if (!agent) return "down";
  return agent.ready ? "ready" : "starting";
}
