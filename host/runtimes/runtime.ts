import type { Finding } from "../../policies/finding.ts";
import type { Origins } from "../../policies/origins.ts";
import type { NetworkPolicy, Policy } from "../../policies/policy.ts";
import type { Command } from "../command.ts";
import type { Host } from "../host.ts";
import type { Owner } from "../machine.ts";
import type { Step } from "../step.ts";
import type { DockerSource } from "../steps/docker-found.ts";
import type { Operations } from "./operations.ts";

export type { Finding };

/** What a sandbox may use of its machine. Sizes as systemd writes them (`2500M`), CPUs as a number, processes as a count. */
export interface Limits {
  readonly memory: string;
  readonly cpus: number;
  readonly pids: number;
  /** Disk for the logs of the sandbox's services. */
  readonly logs: string;
}

/** Where artifacts come from: registries, an archive mirror, and further authorities to trust. */
export interface Mirrors {
  readonly npm?: string;
  readonly apt?: string;
  readonly artifacts?: string;
  /** Of container images, in place of the registry that a reference names. */
  readonly registry?: string;
  /** PEM text, not a path. */
  readonly ca?: string;
}

/** The part of a policy that is fixed for the life of a sandbox. */
export type StaticPolicy = Pick<Policy, "version" | "filesystem_policy" | "landlock" | "process">;

export interface InstallSpec {
  /** Whose it is: what another owner's sandboxes need is not removed. */
  readonly owner: Owner;
  readonly arch: "amd64" | "arm64";
  readonly mirrors?: Mirrors;
  /** Releases by name, filled in by the plugin, which carries or pins them. */
  readonly versions?: Readonly<Record<string, string>>;
  /** The runtime's own service, where it has one; filled in by the plugin. */
  readonly service?: ServiceSpec;
  /** Reference of the image that sandboxes are made from, where the stack names one. */
  readonly image?: string;
  /** What the stack takes knowingly, by name: `docker-version`, `recreate`. */
  readonly accept?: readonly string[];
  /** GPUs that sandboxes get. @default 0 */
  readonly gpus?: number;
  /** The line of releases within which it is upgraded where it stands; filled in by the plugin, where there are lines. */
  readonly line?: string;
}

/** What decides about what a runtime asks of a machine. */
export interface NeedsSpec {
  readonly accept?: readonly string[];
  /** GPUs that sandboxes get. */
  readonly gpus: number;
  /** What a machine without Docker gets; left out once Docker had its turn. */
  readonly docker?: DockerSource;
}

/** What is known of some inputs beyond their form, before anything is touched. */
export interface Judgement {
  /** Why they are refused, and at which of them. */
  readonly fault?: { readonly property: string; readonly message: string };
  /** What a person should know who takes them. */
  readonly warnings?: readonly string[];
}

/** What every service shows: wanted as constants, observed under the same names. */
export interface ServiceSpec {
  /** `false` while the environment is stopped on purpose: everything is then made ready, and nothing started. */
  readonly running: boolean;
  readonly enabled: boolean;
  /**
   * Of the unit files, which name the programs' versions; of a route without any, the line of releases that it was made under.
   * Filled in by the plugin, which carries them.
   */
  readonly definition?: string;
}

export interface SandboxSpec extends ServiceSpec {
  readonly sandbox: string;
  /** Whose it is: what another owner made is never touched. */
  readonly owner: Owner;
  readonly arch: "amd64" | "arm64";
  readonly policy: StaticPolicy;
  readonly agent: { readonly version: string };
  readonly limits: Limits;
  /** GPUs that the sandbox gets. @default 0 */
  readonly gpus?: number;
  /** As the installation's. */
  readonly image?: string;
  readonly mirrors?: Mirrors;
}

export interface NetworkSpec {
  readonly sandbox: string;
  /** Whose the sandbox is: another owner's of the same name is never touched. */
  readonly owner: Owner;
  readonly networkPolicies: Readonly<Record<string, NetworkPolicy>>;
  /** Where its parts were written, for a message about one of them; another line alone is no change. */
  readonly origins?: Origins | undefined;
  /** What the stack takes knowingly, by name: `private-addresses`; another one alone is no change. */
  readonly accept?: readonly string[] | undefined;
  /** Who lets in what the agent asks for: `manual` is a person, and what is wanted. */
  readonly approval: string;
  /** By the enforcing service's own word, not because a file was written. `false` is wanted where `running: false` is. */
  readonly inForce: boolean;
  /** The policy's name at the runtime, where it has one. */
  readonly hash?: string;
}

export interface RouteSpec extends ServiceSpec {
  readonly sandbox: string;
  /** Whose the sandbox is: another owner's of the same name is never touched. */
  readonly owner: Owner;
  /** OpenAI-compatible, ending in `/v1` as a rule. */
  readonly baseUrl: string;
  readonly model: string;
  readonly key?: string;
  /** Whether the service is asked for an answer before the agent is led there. @default as the runtime fills in */
  readonly verify?: boolean | undefined;
  readonly inForce: boolean;
}

/** One resource of a runtime: what makes it true, what its facts say, and what makes it gone. */
export interface Part<Spec> {
  /** Adds what only the plugin knows, such as versions. */
  fill?(spec: Spec): Spec | Promise<Spec>;
  /** Pure; asked at preview. `recorded` is what was wanted last, if anything was. */
  judge?(spec: Spec, recorded: Spec | undefined): Judgement;
  step(spec: Spec): Step<unknown> | Promise<Step<unknown>>;
  /** What the facts of `step` say, under the spec's own names; `gone` when nothing of it is left. */
  observe(spec: Spec, facts: unknown): Spec | "gone";
  removal(spec: Spec): Step<unknown>;
}

/** A part whose facts have a type: nobody but the part itself looks into them. */
export function part<Spec, Facts>(of: {
  fill?(spec: Spec): Spec | Promise<Spec>;
  judge?(spec: Spec, recorded: Spec | undefined): Judgement;
  step(spec: Spec): Step<Facts> | Promise<Step<Facts>>;
  observe(spec: Spec, facts: Facts): Spec | "gone";
  removal(spec: Spec): Step<unknown>;
}): Part<Spec> {
  return of as Part<Spec>;
}

/** The sandbox runtimes by name. */
export const runtimeKinds = ["embedded", "openshell"] as const;
export type RuntimeKind = (typeof runtimeKinds)[number];

/** What every sandbox runtime offers. */
export interface Runtime {
  readonly kind: RuntimeKind;
  /** Pure; asked at preview. */
  unenforceable(policy: Policy): Finding[];
  /** What it asks of a machine before anything of it is put there, by name: the plan of each is empty, or refuses. */
  needs(spec: NeedsSpec): Readonly<Record<string, Step<unknown>>>;
  /** Programs, users and folders shared by all sandboxes of a machine. */
  readonly install: Part<InstallSpec>;
  readonly sandbox: Part<SandboxSpec>;
  /** Changes in place, while the agent runs. */
  readonly network: Part<NetworkSpec>;
  /** Changes in place, while the agent runs. */
  readonly route: Part<RouteSpec>;
  /** Tries the policy inside the sandbox; never a read-back. `true`, or what did not hold. */
  probe(host: Host, sandbox: string, policy: StaticPolicy): Promise<true | Finding[]>;
  /** What a tunnel may point at, on the machine's loopback. */
  origin(sandbox: string): { readonly host: "127.0.0.1"; readonly port: number } | undefined;
  /** Runs a command inside the sandbox: a probe, or a person's shell. */
  inside(sandbox: string, argv: readonly string[]): Command;
  /** What people do with a sandbox that stands: take it down and up, look at it, work inside. */
  readonly operations: Operations;
}
