import { z } from "zod";
import { type Machine, machineSchema } from "../../host/machine.ts";
import { agentPackage } from "../../host/runtimes/embedded/install-agent.ts";
import type { Finding, RuntimeKind, SandboxSpec } from "../../host/runtimes/runtime.ts";
import { answersTurn } from "../../host/runtimes/turn-health.ts";
import { canonical } from "../../policies/canonical.ts";
import { policySchema } from "../../policies/policy.ts";
import { hostHandler } from "../host-resource.ts";
import { mirrorsSchema } from "./mirrors.ts";
import { runtimeKind, runtimeOf } from "./runtimes.ts";
import { sandboxName } from "./sandbox-name.ts";

interface SandboxInputs extends Omit<SandboxSpec, "owner" | "arch" | "gpus"> {
  readonly machine: Machine;
  readonly runtime: RuntimeKind;
}

interface SandboxState extends SandboxInputs {
  readonly origin?: { readonly host: string; readonly port: number };
  readonly enforced?: true | Finding[];
}

const specOf = (inputs: SandboxInputs): SandboxSpec => {
  const { owner, arch, gpu } = inputs.machine;
  return { ...inputs, owner, arch, gpus: gpu === "none" ? 0 : gpu.count };
};

const size = z.string().regex(/^\d+[KMGT]$/, "a whole number and K, M, G or T, powers of 1024: 2500M");

// Read when a version is checked: with a lock file that is none, a script could not even say so.
const pinnedVersion = z.custom<string>((version) => version === agentPackage().version, {
  error() {
    const { version, lockfile } = agentPackage();
    return `${lockfile} pins ${version}; another version needs its own lock file`;
  },
});

const fixedAtStart =
  "its policy for files, Landlock or user is another one, which is fixed when a sandbox starts: it is made anew and the agent starts again; the workspace stays";

/** The agent in its sandbox. */
export const sandboxResource = hostHandler<SandboxInputs, SandboxState, unknown>({
  type: "nemoclaw:host:Sandbox",
  inputs: z.strictObject({
    machine: machineSchema,
    sandbox: sandboxName,
    runtime: runtimeKind,
    policy: policySchema.omit({ network_policies: true, network_middlewares: true }),
    agent: z.strictObject({
      version: pinnedVersion,
    }),
    limits: z.strictObject({ memory: size, cpus: z.number().positive(), pids: z.int().min(64), logs: size }),
    image: z.string().optional(),
    mirrors: mirrorsSchema.optional(),
    running: z.boolean(),
    enabled: z.literal(true),
    definition: z.string().optional(),
  }),
  // Files and identity are fixed when the agent starts: what a running sandbox reports of a changed policy is not enforced.
  replaceOn: [["sandbox"], ["runtime"], ["policy"]],
  async fill(inputs) {
    const { definition } = (await runtimeOf(inputs.runtime).sandbox.fill?.(specOf(inputs))) ?? inputs;
    return { ...inputs, definition };
  },
  judge({ policy }, recorded) {
    const changes = recorded?.policy !== undefined && canonical(recorded.policy) !== canonical(policy);
    return { failures: [], warnings: changes ? [fixedAtStart] : [] };
  },
  nameOn: ({ sandbox }) => sandbox,
  step: (inputs) => runtimeOf(inputs.runtime).sandbox.step(specOf(inputs)),
  health: ({ sandbox }) => [answersTurn(sandbox)],
  observe(inputs, facts) {
    const observed = runtimeOf(inputs.runtime).sandbox.observe(specOf(inputs), facts);
    if (observed === "gone") return "gone";
    const { owner: _, arch: __, gpus: ___, ...found } = observed;
    return { ...inputs, ...found };
  },
  async prove(host, { runtime, sandbox, policy, running }, state) {
    const { probe, origin } = runtimeOf(runtime);
    const enforced = running ? await probe(host, sandbox, policy) : undefined;
    return { ...state, origin: origin(sandbox), enforced };
  },
  removal: (inputs) => runtimeOf(inputs.runtime).sandbox.removal(specOf(inputs)),
});
