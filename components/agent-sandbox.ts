import * as pulumi from "@pulumi/pulumi";
import { InferenceRoute } from "../resources/inference-route.ts";
import type { MachineInputs } from "../resources/machine-inputs.ts";
import { NetworkPolicy } from "../resources/network-policy.ts";
import { Sandbox } from "../resources/sandbox.ts";
import { Workspace } from "../resources/workspace.ts";
import type { SandboxHost } from "./sandbox-host.ts";

export interface AgentSandboxArgs {
  readonly host: SandboxHost;
  /** OpenShell's policy, version 1. Its network part changes in place, the rest replaces the sandbox. */
  readonly policy: { readonly network_policies: Record<string, object>; readonly [part: string]: unknown };
  readonly agent: { readonly version: string };
  readonly limits: { memory: string; cpus: number; pids: number; logs: string };
  readonly inference: { readonly baseUrl: string; readonly model: string; readonly key?: pulumi.Input<string> };
  readonly workspace?: { readonly keep?: boolean };
}

/** The agent in its sandbox: its files, its process, what it may reach, and the model it talks to. */
export class AgentSandbox extends pulumi.ComponentResource {
  readonly machine: MachineInputs;
  readonly deletedWith?: pulumi.Resource;
  readonly sandbox: string;
  readonly sandboxId: pulumi.Output<string>;
  readonly origin: pulumi.Output<{ host: string; port: number }>;
  readonly model: pulumi.Output<string>;
  readonly workspacePath: pulumi.Output<string>;

  constructor(name: string, args: AgentSandboxArgs, opts?: pulumi.ComponentResourceOptions) {
    super("nemoclaw:index:AgentSandbox", name, {}, opts);
    const { machine, deletedWith, mirrors, runtime } = args.host;
    const { network_policies: networkPolicies, ...policy } = args.policy;
    const { agent, limits } = args;
    const child = { parent: this, deletedWith };
    const sandbox = name;

    const workspace = new Workspace(
      `${name}-workspace`,
      { machine, sandbox, keep: args.workspace?.keep ?? false },
      { ...child, dependsOn: [args.host] },
    );
    const box = new Sandbox(
      `${name}-sandbox`,
      { machine, sandbox, runtime, policy, agent, limits, mirrors },
      { ...child, dependsOn: [workspace] },
    );
    const inside = { machine, sandbox, runtime, sandboxId: box.id };
    new NetworkPolicy(`${name}-network`, { ...inside, networkPolicies }, child);
    const route = new InferenceRoute(`${name}-inference`, { ...inside, ...args.inference }, child);

    this.machine = machine;
    this.deletedWith = deletedWith;
    this.sandbox = sandbox;
    this.sandboxId = box.id;
    this.origin = box.origin;
    this.model = route.model;
    this.workspacePath = workspace.path;
    this.registerOutputs({ model: route.model });
  }
}
