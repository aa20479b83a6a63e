import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { createDemo, type Demo, deleteDemo, readDemo, updateDemo } from "../../host/local/demo.ts";
import { machineSchema, type Owner } from "../../host/machine.ts";
import { bundle } from "../../services/build.ts";
import type { Handler } from "../handler.ts";

interface DemoInputs {
  readonly name: string;
  readonly owner: Owner;
  readonly network: string;
  readonly running: boolean;
  /** sha256 of the demo's program; filled in by the plugin, which carries it. */
  readonly program?: string;
}

interface DemoState extends DemoInputs {
  readonly modelPort: number;
  readonly telegramPort: number;
}

const program = () => bundle("services/demo/main.ts");

/** DEMO ONLY: the model and the Telegram stand-in of the quick start. */
export const demo: Handler<DemoInputs, DemoState> = {
  type: "nemoclaw:local:Demo",
  inputs: z.strictObject({
    name: z.string(),
    owner: machineSchema.shape.owner,
    network: z.string(),
    running: z.literal(true),
    program: z.string().optional(),
  }),
  replaceOn: [["name"], ["owner"], ["network"], ["program"]],

  async fill(inputs) {
    return { ...inputs, program: (await program()).sha256 };
  },
  async create(inputs, { log, signal }) {
    const folder = await mkdtemp(join(tmpdir(), "nemoclaw-demo-"));
    try {
      const bundlePath = join(folder, "demo.mjs");
      await writeFile(bundlePath, (await program()).text);
      const made = await createDemo({ ...inputs, bundlePath, nodeBinary: linuxNode(), log, signal });
      return { id: made.containerId, state: stateOf(inputs, made) };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  async read(id, state, { signal }) {
    const found = await readDemo(id, signal);
    return found ? stateOf(state, found) : "gone";
  },
  async update(id, inputs, _state, { signal }) {
    return stateOf(inputs, await updateDemo({ containerId: id, owner: inputs.owner, signal }));
  },
  async delete(id, { name, owner, network }, { signal }) {
    await deleteDemo({ containerId: id, name, owner, network, signal });
  },
};

function stateOf(inputs: DemoInputs, found: Demo): DemoState {
  const { running, modelPort, telegramPort, bundleSha256 } = found;
  return { ...inputs, running, modelPort, telegramPort, program: bundleSha256 };
}

/** The demo's container is Linux whatever this computer is, so it gets the Linux Node that npm brings. */
function linuxNode(): string {
  const arch = process.arch === "arm64" ? "arm64" : "x64";
  return fileURLToPath(new URL(`../../node_modules/node-linux-${arch}/bin/node`, import.meta.url));
}
