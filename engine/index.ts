// The embedded engine: Pulumi's protocols without Pulumi's CLI, for one user on one machine. It never grows features of
// its own; what only the CLI does is refused by name.

export { DigestReporter } from "./digest-reporter.ts";
export { EngineError } from "./errors.ts";
export { destroy, type OperationOptions, type OperationResult, preview, refresh, up } from "./operations.ts";
export { paintFor } from "./paint.ts";
export type { Diagnostic, Reporter, Step } from "./reporter.ts";
export { exportStack, importStack, initStack, listStacks, removeStack, stackOutputs } from "./stacks.ts";
export { TerminalReporter } from "./terminal-reporter.ts";
