import { z } from "zod";
import { type Machine, machineSchema } from "../../host/machine.ts";
import type { InstallSpec, RuntimeKind } from "../../host/runtimes/runtime.ts";
import { all, type Step } from "../../host/step.ts";
import { ensureOwner } from "../../host/steps/owner.ts";
import { hostHandler } from "../host-resource.ts";
import { mirrorsSchema } from "./mirrors.ts";
import { runtimeKind, runtimeOf, verdictOf } from "./runtimes.ts";

interface RuntimeInputs extends Omit<InstallSpec, "arch" | "owner"> {
  readonly machine: Machine;
  readonly kind: RuntimeKind;
}

const specOf = (inputs: RuntimeInputs): InstallSpec => {
  const { arch, gpu, owner } = inputs.machine;
  return { ...inputs, arch, owner, gpus: gpu === "none" ? 0 : gpu.count };
};

/** What sandboxes run on, and the mark of whose machine this is. */
export const sandboxRuntime = hostHandler<RuntimeInputs, RuntimeInputs, { install: unknown }>({
  type: "nemoclaw:host:SandboxRuntime",
  inputs: z.strictObject({
    machine: machineSchema,
    kind: runtimeKind,
    mirrors: mirrorsSchema.optional(),
    accept: z.array(z.string()).optional(),
    image: z.string().optional(),
    versions: z.record(z.string(), z.string()).optional(),
    line: z.string().optional(),
    service: z
      .strictObject({ running: z.boolean(), enabled: z.boolean(), definition: z.string().optional() })
      .optional(),
  }),
  replaceOn: [["kind"], ["line"]],
  async fill(inputs) {
    const { versions, service, line } = (await runtimeOf(inputs.kind).install.fill?.(specOf(inputs))) ?? {};
    return { ...inputs, versions, service, line };
  },
  judge(inputs, recorded) {
    // Of another kind it was another thing.
    const before = recorded?.kind === inputs.kind ? specOf({ ...inputs, ...recorded }) : undefined;
    return verdictOf(runtimeOf(inputs.kind).install.judge?.(specOf(inputs), before));
  },
  nameOn: () => "runtime",
  async step(inputs) {
    const install: Step<unknown> = await runtimeOf(inputs.kind).install.step(specOf(inputs));
    return all(install.name, { owner: ensureOwner(inputs.machine.owner), install });
  },
  observe(inputs, { install }) {
    const observed = runtimeOf(inputs.kind).install.observe(specOf(inputs), install);
    return observed === "gone"
      ? "gone"
      : { ...inputs, versions: observed.versions, service: observed.service, line: observed.line };
  },
  removal: (inputs) => runtimeOf(inputs.kind).install.removal(specOf(inputs)),
});
