import { z } from "zod";
import type { Host } from "../../host/host.ts";
import { type Machine, machineSchema } from "../../host/machine.ts";
import { connectTo } from "../../host/pool.ts";
import { judge, type PreflightFacts, preflightFacts, preflightFailure } from "../../host/preflight/preflight.ts";
import type { PreflightWants } from "../../host/preflight/verdict.ts";
import { unlessGone } from "../gone-machine.ts";
import type { Handler, Progress } from "../handler.ts";
import { runtimeKind } from "./runtimes.ts";

interface PreflightInputs extends Pick<PreflightWants, "runtime" | "docker"> {
  readonly machine: Machine;
  readonly fit: boolean;
}

interface PreflightState extends PreflightInputs {
  /** What a refresh found to be missing since; nothing where `fit`. */
  readonly missing?: readonly string[];
  readonly architecture?: string;
  readonly distribution?: string;
  readonly glibc?: string;
  readonly kernel?: string;
  readonly landlockOffered?: boolean;
  readonly memoryGiB?: number;
  readonly cpus?: number;
  readonly gpus?: readonly string[];
  readonly driver?: string;
}

/** A look at a machine before anything is done to it. It never changes anything, neither when made nor when deleted. */
export const preflight: Handler<PreflightInputs, PreflightState> = {
  type: "nemoclaw:host:Preflight",
  inputs: z.strictObject({
    machine: machineSchema,
    runtime: z.strictObject({ kind: runtimeKind, accept: z.array(z.string()).optional() }).optional(),
    docker: z.enum(["distribution", "docker"]).optional(),
    fit: z.literal(true),
  }),
  replaceOn: [["machine", "id"]],
  idOf: ({ machine }) => machine.id,

  async create(inputs, progress) {
    return { id: inputs.machine.id, state: await pass(inputs, progress) };
  },
  read: (_id, state, progress) =>
    unlessGone(state.machine, progress, async (host) => {
      const facts = await ask(host, state);
      const { missing } = judge(facts, wantsOf(state));
      return stateOf(
        state,
        facts,
        missing.map(({ found }) => found),
      );
    }),
  update: (_id, inputs, _state, progress) => pass(inputs, progress),
  async delete() {},
};

async function pass(inputs: PreflightInputs, progress: Progress): Promise<PreflightState> {
  const facts = await ask(await connectTo(inputs.machine, progress), inputs);
  const verdict = judge(facts, wantsOf(inputs));
  for (const note of verdict.notes) progress.log(note);
  if (verdict.missing.length > 0) throw preflightFailure(inputs.machine, verdict);
  return stateOf(inputs, facts, []);
}

function ask(host: Host, inputs: PreflightInputs): Promise<PreflightFacts> {
  return host.look(preflightFacts(wantsOf(inputs), Date.now()));
}

const wantsOf = ({ machine, runtime, docker }: PreflightInputs): PreflightWants => ({ ...machine, runtime, docker });

// Only what stays the same from run to run: free room and the clock would make every refresh a difference.
function stateOf(
  { machine, runtime, docker }: PreflightInputs,
  { system, kernel, room, gpu }: PreflightFacts,
  missing: readonly string[],
): PreflightState {
  return {
    machine,
    runtime,
    docker,
    fit: missing.length === 0,
    missing,
    architecture: system.architecture,
    distribution: system.name,
    glibc: system.glibc,
    kernel: kernel.release,
    landlockOffered: kernel.landlock,
    memoryGiB: Math.round(room.memoryMiB / 1024),
    cpus: room.cpus,
    gpus: gpu.names,
    driver: gpu.driver,
  };
}
