/** A part of a policy that a runtime cannot enforce as written, or a promise it was seen to break. */
export interface Finding {
  /** What a stack lists under `runtime.accept` to take it knowingly: `binaries`. */
  readonly accept: string;
  /** Where in the policy: `network_policies.github.endpoints[0].protocol`. */
  readonly path: string;
  /** What is not enforced, and what happens instead. */
  readonly message: string;
}
