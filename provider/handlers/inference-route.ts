import { z } from "zod";
import { type Machine, machineSchema } from "../../host/machine.ts";
import type { RouteSpec, RuntimeKind } from "../../host/runtimes/runtime.ts";
import { answersTurn } from "../../host/runtimes/turn-health.ts";
import { hostHandler } from "../host-resource.ts";
import { runtimeKind, runtimeOf } from "./runtimes.ts";
import { sandboxName } from "./sandbox-name.ts";

interface RouteInputs extends Omit<RouteSpec, "owner"> {
  readonly machine: Machine;
  readonly runtime: RuntimeKind;
  readonly sandboxId: string;
}

const specOf = (inputs: RouteInputs): RouteSpec => ({ ...inputs, owner: inputs.machine.owner });

/** Where the agent's requests to a model go, and as which model. */
export const inferenceRoute = hostHandler<RouteInputs, RouteInputs, unknown>({
  type: "nemoclaw:host:InferenceRoute",
  inputs: z.strictObject({
    machine: machineSchema,
    sandbox: sandboxName,
    sandboxId: z.string(),
    runtime: runtimeKind,
    baseUrl: z.url({ protocol: /^https?$/ }),
    model: z.string().min(1),
    key: z.string().min(1).optional(),
    running: z.boolean(),
    enabled: z.literal(true),
    inForce: z.literal(true),
    definition: z.string().optional(),
    verify: z.boolean().optional(),
  }),
  unnoticed: ["verify"],
  replaceOn: [["sandbox"]],
  async fill(inputs) {
    const { definition, verify } = (await runtimeOf(inputs.runtime).route.fill?.(specOf(inputs))) ?? inputs;
    return { ...inputs, definition, verify };
  },
  nameOn: ({ sandbox }) => `${sandbox}/inference`,
  step: (inputs) => runtimeOf(inputs.runtime).route.step(specOf(inputs)),
  // Under OpenShell no service of ours runs for it, and what it leads to is asked before.
  health: ({ runtime, sandbox }) => (runtime === "embedded" ? [answersTurn(sandbox)] : undefined),
  observe(inputs, facts) {
    const observed = runtimeOf(inputs.runtime).route.observe(specOf(inputs), facts);
    if (observed === "gone") return "gone";
    const { owner: _, ...found } = observed;
    return { ...inputs, ...found };
  },
  removal: (inputs) => runtimeOf(inputs.runtime).route.removal(specOf(inputs)),
});
