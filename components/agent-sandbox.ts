import * as pulumi from "@pulumi/pulumi";
import type { Origins } from "../policies/origins.ts";
import type { Policy } from "../policies/policy.ts";
import { InferenceRoute } from "../resources/inference-route.ts";
import type { MachineInputs } from "../resources/machine-inputs.ts";
import { NetworkPolicy } from "../resources/network-policy.ts";
import { Sandbox } from "../resources/sandbox.ts";
import { Workspace } from "../resources/workspace.ts";
import type { SandboxHost } from "./sandbox-host.ts";

export interface AgentSandboxArgs {
  readonly host: SandboxHost;
  /** OpenShell's policy, version 1. Its network part changes in place, the rest replaces the sandbox. */
  readonly policy: Policy;
  /** Where the policy's network part was written, for messages about it. */
  readonly policyOrigins?: Origins;
  readonly agent: { readonly version: string };
  readonly limits: { memory: string; cpus: number; pids: number; logs: string };
  readonly inference: {
    readonly baseUrl: string;
    readonly model: string;
    readonly verify?: boolean | undefined;
    readonly key?: pulumi.Input<string>;
  };
  readonly workspace?: { readonly keep?: boolean };
}

/** The agent in its sandbox: its files, its process, what it may reach, and the model it talks to. */
export class AgentSandbox extends pulumi.ComponentResource {
  /** What a resource beside the sandbox needs to reach it. */
  readonly reach: {
    readonly machine: MachineInputs;
    readonly sandbox: string;
    readonly sandboxId: pulumi.Output<string>;
  };
  /** Options for such a resource: it comes after the sandbox, and goes with its machine. */
  readonly beside: pulumi.CustomResourceOptions;
  /** `true`, or what was tried inside and did not hold. */
  readonly enforced: pulumi.Output<unknown>;
  /** Who stopped the environment on purpose, when and why, or `no`. */
  readonly stopped: Sandbox["stopped"];
  readonly origin: pulumi.Output<{ host: string; port: number }>;
  readonly model: pulumi.Output<string>;

  constructor(name: string, args: AgentSandboxArgs, opts?: pulumi.ComponentResourceOptions) {
    super("nemoclaw:index:AgentSandbox", name, {}, opts);
    const { machine, ground, deletedWith, mirrors, runtime, accept, image } = args.host;
    const { network_policies: networkPolicies = {}, network_middlewares: _, ...policy } = args.policy;
    const { agent, limits } = args;
    const { baseUrl, model, verify, key } = args.inference;
    const child = { parent: this, deletedWith };
    const sandbox = name;

    const workspace = new Workspace(
      `${name}-workspace`,
      { machine: ground, sandbox, keep: args.workspace?.keep ?? false },
      { ...child, dependsOn: [args.host] },
    );
    const box = new Sandbox(
      `${name}-sandbox`,
      { machine, sandbox, runtime, image, policy, agent, limits, mirrors },
      { ...child, dependsOn: [workspace] },
    );
    const inside = { machine, sandbox, runtime, sandboxId: box.id };
    const network = new NetworkPolicy(
      `${name}-network`,
      { ...inside, networkPolicies, origins: args.policyOrigins, accept },
      child,
    );
    const route = new InferenceRoute(`${name}-inference`, { ...inside, baseUrl, model, verify, key }, child);

    this.reach = { machine, sandbox, sandboxId: box.id };
    this.beside = { dependsOn: [network, route], deletedWith };
    this.enforced = box.enforced;
    this.stopped = box.stopped;
    this.origin = box.origin;
    this.model = route.model;
    this.registerOutputs({ model: route.model });
  }
}
