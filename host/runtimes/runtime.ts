import type { Policy } from "../../policies/policy.ts";
import type { Command } from "../command.ts";
import type { Host } from "../host.ts";
import type { Sensitive } from "../sensitive.ts";
import type { Step } from "../step.ts";

/** A rule that a runtime cannot enforce as written, or a promise it was seen to break. */
export interface Finding {
  /** What a stack lists under `runtime.accept` to take it knowingly: `binaries`. */
  readonly accept: string;
  /** Where in the policy: `network_policies.github.endpoints[0].protocol`. */
  readonly path: string;
  /** What is not enforced, and what happens instead. */
  readonly message: string;
}

/** What a sandbox may use of its machine. Memory in bytes (`2G`), CPUs as a number, processes and threads as a count. */
export interface Limits {
  readonly memory: string;
  readonly cpus: number;
  readonly pids: number;
  /** Disk for the sandbox's journal namespace. */
  readonly logs: string;
}

export interface SandboxSpec {
  readonly name: string;
  readonly policy: Policy;
  readonly agent: { readonly version: string };
  readonly limits: Limits;
  readonly running: boolean;
}

export interface RouteSpec {
  readonly sandbox: string;
  /** OpenAI-compatible base URL, ending in `/v1` as a rule. */
  readonly baseUrl: string;
  readonly model: string;
  readonly key?: Sensitive;
}

/** Where artifacts come from: a registry, an archive mirror, and a PEM bundle of further authorities to trust. */
export interface Mirrors {
  readonly npm?: string;
  readonly apt?: string;
  readonly artifacts?: string;
  /** PEM text, not a path. */
  readonly ca?: string;
}

/** What every sandbox runtime offers; `embedded` and `openshell` are the two. */
export interface Runtime {
  readonly kind: "embedded" | "openshell";
  /** Pure; asked at preview. */
  unenforceable(policy: Policy): Finding[];
  /** Programs, users and folders shared by all sandboxes of a machine. */
  install(a: { mirrors: Mirrors; arch: "amd64" | "arm64" }): Step<unknown>;
  sandbox(a: SandboxSpec): Step<unknown>;
  network(a: { sandbox: string; policy: Policy }): Step<unknown>;
  route(a: RouteSpec): Step<unknown>;
  /** Tries the policy inside the sandbox; never a read-back. */
  probe(host: Host, sandbox: string, policy: Policy): Promise<{ enforced: true } | { gaps: Finding[] }>;
  /** Sends one message to the agent. The message goes to standard input; the reply is JSON {text, model, sessionId}. */
  turn(sandbox: string, session: string): { readonly argv: readonly string[] };
  /** What a tunnel may point at, on the machine's loopback. */
  origin(sandbox: string): { readonly host: "127.0.0.1"; readonly port: number } | undefined;
  /** Runs a command inside the sandbox: a probe, or a person's shell. */
  inside(sandbox: string, argv: readonly string[]): Command;
}
