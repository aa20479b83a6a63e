import { z } from "zod";
import {
  createLocalMachine,
  deleteLocalMachine,
  type LocalMachine,
  readLocalMachine,
  updateLocalMachine,
} from "../../host/local/machine.ts";
import { machineSchema, type Owner } from "../../host/machine.ts";
import { Sensitive } from "../../host/sensitive.ts";
import type { Handler } from "../handler.ts";

interface LocalMachineInputs {
  readonly name: string;
  readonly owner: Owner;
  readonly hostKey: { readonly publicKey: string; readonly privateKey: string };
  readonly authorizedKey: string;
  readonly image?: string;
  readonly memory?: string;
  readonly ca?: string;
  readonly running: boolean;
}

interface LocalMachineState extends LocalMachineInputs {
  readonly containerId: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly network: string;
}

/** A container with systemd and sshd on this computer. Everything that goes in at its making replaces it. */
export const localMachine: Handler<LocalMachineInputs, LocalMachineState> = {
  type: "nemoclaw:local:Machine",
  inputs: z.strictObject({
    name: z.string().regex(/^[a-zA-Z0-9][\w.-]{1,60}$/, "letters, digits and . _ - only, at most 61"),
    owner: machineSchema.shape.owner,
    hostKey: z.strictObject({ publicKey: z.string(), privateKey: z.string() }),
    authorizedKey: z.string(),
    image: z.string().optional(),
    memory: z
      .string()
      .regex(/^\d+[kmg]$/i, "a number and k, m or g: 8g")
      .optional(),
    ca: z.string().optional(),
    running: z.literal(true),
  }),
  replaceOn: [["name"], ["owner"], ["hostKey", "publicKey"], ["authorizedKey"], ["image"], ["ca"]],

  async create(inputs, { log, signal }) {
    const network = inputs.name;
    const hostKey = { ...inputs.hostKey, privateKey: new Sensitive(inputs.hostKey.privateKey) };
    const made = await createLocalMachine({ ...inputs, hostKey, network, log, signal });
    return { id: made.containerId, state: stateOf(inputs, made, network) };
  },
  async read(id, state, { signal }) {
    const found = await readLocalMachine(id, signal);
    return found ? stateOf(state, found, state.network) : "gone";
  },
  async update(id, inputs, state, { signal }) {
    const found = await updateLocalMachine({ containerId: id, owner: inputs.owner, memory: inputs.memory, signal });
    return stateOf(inputs, found, state.network);
  },
  async delete(id, { name, owner, network }, { signal }) {
    await deleteLocalMachine({ containerId: id, name, owner, network, signal });
  },
};

function stateOf(inputs: LocalMachineInputs, found: LocalMachine, network: string): LocalMachineState {
  const { containerId, address, port, user, running } = found;
  return { ...inputs, running, containerId, address, port, user, network };
}
