import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { waitForCloudInit } from "../../host/cloud-init-wait.ts";
import { HostError } from "../../host/errors.ts";
import type { Host } from "../../host/host.ts";
import { type Machine, machineSchema } from "../../host/machine.ts";
import { type ConnectOptions, connectTo, disconnectFrom } from "../../host/pool.ts";
import { ensure } from "../../host/step.ts";
import { ensureMachineIdentity, type HostKey } from "../../host/steps/machine-identity.ts";
import { unlessGone } from "../gone-machine.ts";
import { PartlyMade } from "../half-made.ts";
import type { Handler, Progress } from "../handler.ts";

interface MachineIdentityInputs {
  /** With both host keys pinned, the final one and the one of user data. */
  readonly machine: Machine;
  readonly hostKey: HostKey;
  readonly ready: boolean;
}

interface MachineIdentityState extends MachineIdentityInputs {
  /** Only there once the final key was seen to answer; from then on the key of user data is not accepted any more. */
  readonly hostKeys?: readonly string[];
}

/** A cloud's first boot takes longer than a machine that restarts. */
const FIRST_BOOT_SECONDS = 600;
/** sshd reads its configuration a moment after it was told to. */
const RELOAD_SECONDS = 20;

/**
 * The host key of a machine that its stack made: takes the machine over from the key of user data, which others may have
 * read, to one that only the state holds; then waits for the first boot to end.
 */
export const machineIdentity: Handler<MachineIdentityInputs, MachineIdentityState> = {
  type: "nemoclaw:host:MachineIdentity",
  inputs: z.strictObject({
    machine: machineSchema,
    hostKey: z.strictObject({ publicKey: z.string().startsWith("ssh-"), privateKey: z.string() }),
    ready: z.literal(true),
  }),
  replaceOn: [["machine", "id"]],
  idOf: ({ machine }) => machine.id,

  async create(inputs, progress) {
    return { id: inputs.machine.id, state: await make(inputs, inputs.machine.hostKeys, progress) };
  },
  read: (_id, state, progress) =>
    unlessGone(pinned(state.machine, accepted(state, state.hostKey)), progress, async (host) => {
      const step = ensureMachineIdentity(state.hostKey);
      return { ...state, ready: step.plan(await host.look(step.facts)).length === 0 };
    }),
  // A new key is uploaded over the one before it; the key of user data is accepted only while none was in force yet.
  update: (_id, inputs, state, progress) => make(inputs, state.hostKeys ?? inputs.machine.hostKeys, progress),
  async delete() {},
};

async function make(
  inputs: MachineIdentityInputs,
  before: readonly string[],
  progress: Progress,
): Promise<MachineIdentityState> {
  const { machine, hostKey } = inputs;
  // As it is written everywhere else, or it would be another connection's.
  const final = hostKey.publicKey;
  const first = pinned(machine, [final, ...before]);
  const settled = pinned(machine, [final]);

  const patient = { ...progress, connectSeconds: FIRST_BOOT_SECONDS };
  await ensure(await connectTo(first, patient), ensureMachineIdentity(hostKey));
  if (first.hostKeys.length > 1) await disconnectFrom(first);
  await provenBy(settled, patient);
  const proven = { hostKeys: [final] };
  await waitForCloudInit({ connect: () => connectTo(settled, patient), ...progress }).catch((error: unknown) => {
    // The final key has answered: the one of user data must not be accepted again, however the first boot ends.
    throw new PartlyMade(error, proven);
  });
  return { ...inputs, ...proven, ready: true };
}

/** Connects with the final key only; whatever looks at the machine afterwards uses this connection. */
async function provenBy(machine: Machine, options: ConnectOptions): Promise<Host> {
  const until = Date.now() + RELOAD_SECONDS * 1000;
  for (;;) {
    try {
      return await connectTo(machine, options);
    } catch (error) {
      if (!(error instanceof HostError && error.kind === "host-key") || Date.now() > until) throw error;
      await sleep(500, undefined, { signal: options.signal });
    }
  }
}

function accepted({ machine, hostKeys }: MachineIdentityState, { publicKey }: HostKey): readonly string[] {
  return hostKeys ?? [publicKey, ...machine.hostKeys];
}

function pinned(machine: Machine, hostKeys: readonly string[]): Machine {
  return { ...machine, hostKeys: [...new Set(hostKeys)] };
}
