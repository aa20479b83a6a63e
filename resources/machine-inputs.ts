import type { Input } from "@pulumi/pulumi";

/**
 * How a resource reaches its machine. Build it as a plain object of inputs, never as one output: an output with a secret
 * inside is secret as a whole, and the whole machine would be hidden in diffs.
 */
export interface MachineInputs {
  readonly id: Input<string>;
  readonly address: Input<string>;
  readonly port: Input<number>;
  readonly user: Input<string>;
  /** OpenSSH public keys; at least one. No key is ever taken on first use. */
  readonly hostKeys: Input<string>[];
  readonly privateKey?: Input<string>;
  readonly agentSocket?: Input<string>;
  readonly via?: Input<object>;
  readonly arch: Input<"amd64" | "arm64">;
  readonly gpu: Input<"none" | { model: string; count: number }>;
  readonly owner: OwnerInputs;
}

export interface OwnerInputs {
  readonly project: string;
  readonly stack: string;
  /** Tells two installations of the same project and stack apart, for instance two clones on one laptop. */
  readonly installation: Input<string>;
}
