import { z } from "zod";
import { type Machine, machineSchema } from "../../host/machine.ts";
import type { NetworkSpec, RuntimeKind } from "../../host/runtimes/runtime.ts";
import { networkPolicySchema } from "../../policies/policy.ts";
import { hostHandler } from "../host-resource.ts";
import { runtimeKind, runtimeOf } from "./runtimes.ts";
import { sandboxName } from "./sandbox-name.ts";

interface NetworkInputs extends Omit<NetworkSpec, "owner"> {
  readonly machine: Machine;
  readonly runtime: RuntimeKind;
  readonly sandboxId: string;
}

const specOf = (inputs: NetworkInputs): NetworkSpec => ({ ...inputs, owner: inputs.machine.owner });

/** What a sandbox may reach, in force while the agent runs. */
export const networkPolicy = hostHandler<NetworkInputs, NetworkInputs, unknown>({
  type: "nemoclaw:host:NetworkPolicy",
  inputs: z.strictObject({
    machine: machineSchema,
    sandbox: sandboxName,
    sandboxId: z.string(),
    runtime: runtimeKind,
    networkPolicies: z.record(z.string(), networkPolicySchema),
    origins: z.record(z.string(), z.string()).optional(),
    accept: z.array(z.string()).optional(),
    approval: z.literal("manual"),
    inForce: z.literal(true),
  }),
  unnoticed: ["origins", "accept"],
  replaceOn: [["sandbox"]],
  nameOn: ({ sandbox }) => `${sandbox}/network`,
  step: (inputs) => runtimeOf(inputs.runtime).network.step(specOf(inputs)),
  observe(inputs, facts) {
    const observed = runtimeOf(inputs.runtime).network.observe(specOf(inputs), facts);
    if (observed === "gone") return "gone";
    const { owner: _, ...found } = observed;
    return { ...inputs, ...found };
  },
  removal: (inputs) => runtimeOf(inputs.runtime).network.removal(specOf(inputs)),
});
