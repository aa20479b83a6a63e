/**
 * A part of a policy that a runtime cannot enforce as written. It has the same shape as the finding of `host/runtimes`, so
 * that policies need nothing from there.
 */
export interface Finding {
  /** What a stack lists under `runtime.accept` to take it knowingly: `binaries`. */
  readonly accept: string;
  /** Where in the policy: `network_policies.github.endpoints[0].protocol`. */
  readonly path: string;
  /** What is not enforced, and what happens instead. */
  readonly message: string;
}
