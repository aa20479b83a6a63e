import { Command, CommanderError, Option } from "commander";
import { z } from "zod";
import { isCancelled } from "../host/errors.ts";
import type { Host } from "../host/host.ts";
import { type Machine, machineSchema } from "../host/machine.ts";
import { closeAll, connectTo } from "../host/pool.ts";
import type { Runtime } from "../host/runtimes/runtime.ts";
import { ensure } from "../host/step.ts";
import { runtimeKind, runtimeOf } from "../provider/handlers/runtimes.ts";
import { goneSinceUpdate } from "../review/preview/gone-since-update.ts";
import { type Engine, findEngine } from "./engine-choice.ts";
import { localStack } from "./local-backend.ts";
import { messageOf } from "./message-of.ts";
import { stateFor } from "./own-resources.ts";
import { outliveReader } from "./reader-gone.ts";
import { stackName } from "./stack-name.ts";
import { readStackState, type StackState } from "./stack-state.ts";
import { plainText } from "./terminal-text.ts";

/** A command about one stack: `-s STACK`, `--help`, and for those that print facts `--json`. */
export function stackCommand(name: string, description: string): Command {
  return new Command(`scripts/${name}`)
    .description(description)
    .addOption(
      new Option("-s, --stack <name>", "the stack").env("PULUMI_STACK").default(localStack).argParser(stackName),
    )
    .exitOverride();
}

/** A failure with an exit code of its own; the message is for the person. */
export class ExitError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Runs a script's work and ends the process as the scripts promise: 0 fine, 1 error, 64 usage, 130 cancelled. */
export async function runScript(work: () => Promise<number | undefined>): Promise<void> {
  outliveReader();
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 64;
      return;
    }
    console.error(plainText(messageOf(error)));
    if (error instanceof ExitError) process.exitCode = error.exitCode;
    else process.exitCode = isCancelled(error) ? 130 : 1;
  } finally {
    await closeAll();
  }
}

/** Where a stack's sandbox stands. */
export interface Standing {
  /** What it finds by a type alone is this sandbox's own. */
  readonly state: StackState;
  readonly machine: Machine;
  readonly sandbox: string;
  readonly runtime: Runtime;
}

/**
 * Finds every sandbox that a stack has made. The program of this repository makes one; one that uses its components may make more.
 *
 * @throws ExitError when there is no such stack, or nothing on it yet
 */
export async function findStandings(stack: string, engine?: Engine): Promise<[Standing, ...Standing[]]> {
  const state = await readStackState(engine ?? (await findEngine()), stack);
  const [first, ...others] = state ? standingsIn(state) : [];
  if (first) return [first, ...others];
  throw noSandbox(stack, state);
}

/** Why a stack has none: nobody made it, or it was there and a refresh has found it gone. */
export function noSandbox(stack: string, state: Pick<StackState, "resources"> | undefined): ExitError {
  const make = stack === localStack ? "scripts/quickstart" : `scripts/pulumi up -s ${stack}`;
  const gone = goneSinceUpdate(state?.resources ?? []);
  const why = gone.length > 0 ? ` any more; gone since the last update: ${gone.join(", ")}` : state ? " yet" : " here";
  return new ExitError(`Stack ${stack} has no sandbox${why}.\n  try   ${make}`, 1);
}

/** Every sandbox of a state, in its order. */
export function standingsIn(state: StackState): Standing[] {
  return state.resources
    .filter(({ type }) => type === "nemoclaw:host:Sandbox")
    .flatMap(({ inputs }) => {
      const { success, data } = standingInputs.safeParse(inputs);
      return success ? { ...data, state: stateFor(state, data), runtime: runtimeOf(data.runtime) } : [];
    });
}

const standingInputs = z.object({ machine: machineSchema, sandbox: z.string(), runtime: runtimeKind });

/** A connection to it, for a person who waits: a machine that does not answer within half a minute is down. */
export function connect({ machine }: Standing, signal?: AbortSignal): Promise<Host> {
  return connectTo(machine, { connectSeconds: 30, signal, log: (line) => console.error(line) });
}

/**
 * The same for what acts on the sandbox itself.
 *
 * @throws HostError of kind `foreign` where somebody else's has its name
 */
export async function connectToOurs(standing: Standing): Promise<Host> {
  const host = await connect(standing);
  const ours = standing.runtime.operations.ours?.(standing.sandbox, standing.machine.owner);
  if (ours) await ensure(host, ours);
  return host;
}
