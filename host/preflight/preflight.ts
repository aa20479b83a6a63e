import { HostError } from "../errors.ts";
import type { Machine, Owner } from "../machine.ts";
import type { Questions } from "../question.ts";
import { runtimeOf } from "../runtimes/runtimes.ts";
import type { Step } from "../step.ts";
import { type DockerFound, dockerFound } from "../steps/docker-found.ts";
import { ensureOwner } from "../steps/owner.ts";
import { clockAhead, judgeClock } from "./clock.ts";
import { judgeDocker } from "./docker.ts";
import { type GpuFacts, gpuFacts, judgeGpu } from "./gpu.ts";
import { judgeKernel, type KernelFacts, kernelFacts } from "./kernel.ts";
import { judgePorts, type PortFacts, portFacts } from "./ports.ts";
import { judgeRoom, type RoomFacts, roomFacts } from "./room.ts";
import { judgeSystem, type SystemFacts, systemFacts } from "./system.ts";
import type { Finding, PreflightVerdict, PreflightWants, Say } from "./verdict.ts";

/** What a machine says about itself before anything is changed on it. */
export interface PreflightFacts {
  readonly system: SystemFacts;
  readonly kernel: KernelFacts;
  readonly room: RoomFacts;
  /** Seconds the machine's clock is ahead of this computer's; negative when it is behind. */
  readonly clockAhead: number;
  readonly gpu: GpuFacts;
  readonly ports: readonly PortFacts[];
  readonly docker: DockerFound;
  /** What the runtime's own questions were answered with, by name. */
  readonly runtime: Readonly<Record<string, unknown>>;
  /** Who says to own the machine; see `owner.ts`. */
  readonly owner: { readonly owner: Owner | string | undefined };
}

/**
 * Questions that a machine answers in one round trip, without a package of ours on it.
 *
 * @param wants what a stack needs of it
 * @param now of this computer, in milliseconds; the machine's clock is held against it
 */
export function preflightFacts(wants: PreflightWants, now: number): Questions<PreflightFacts> {
  return {
    system: systemFacts,
    kernel: kernelFacts,
    room: roomFacts,
    clockAhead: clockAhead(now),
    gpu: gpuFacts,
    ports: portFacts,
    docker: dockerFound,
    runtime: Object.fromEntries(Object.entries(needsOf(wants)).map(([name, { facts }]) => [name, facts])),
    owner: ensureOwner(wants.owner).facts,
  };
}

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
  judgeGpu(facts.gpu, facts.system.distribution, wants, say);
  judgePorts(facts.ports, say);
  judgeDocker(facts.docker, wants, say);
  for (const [name, step] of Object.entries(needsOf(wants))) judgeStep(name, step, facts.runtime[name], say);
  judgeStep("owner", ensureOwner(wants.owner), facts.owner, say);
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

function needsOf({ runtime, gpu, docker = "distribution" }: PreflightWants): Readonly<Record<string, Step<unknown>>> {
  if (!runtime) return {};
  const gpus = gpu === "none" ? 0 : gpu.count;
  return runtimeOf(runtime.kind).needs({ accept: runtime.accept, gpus, docker });
}

/** What a step refuses, as something that is missing. */
function judgeStep<F>(name: string, step: Step<F>, facts: F, { lacks }: Say): void {
  try {
    step.plan(facts);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    lacks(name, error.details.summary, error.details.try ?? "look at the machine yourself, then run `up` again");
  }
}
