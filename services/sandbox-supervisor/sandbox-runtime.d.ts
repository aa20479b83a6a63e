// Only what the supervisor uses; the package itself is installed on the machine, beside the bundle.
declare module "@anthropic-ai/sandbox-runtime" {
  interface Literal {
    path: string;
    literal: true;
  }

  interface Violation {
    line: string;
    timestamp: Date;
  }

  export const SandboxManager: {
    initialize(
      config: {
        network: {
          allowedDomains: string[];
          deniedDomains: string[];
          httpProxyPort: number;
          socksProxyPort: number;
        };
        filesystem: { denyRead: Literal[]; allowRead: Literal[]; allowWrite: Literal[]; denyWrite: Literal[] };
      },
      ask: undefined,
      monitor: boolean,
    ): Promise<void>;
    wrapWithSandbox(command: string): Promise<string>;
    cleanupAfterCommand(): void;
    reset(): Promise<void>;
    getSandboxViolationStore(): { subscribe(listener: (all: readonly Violation[]) => void): void };
  };
}
