import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { SandboxManager } from "@anthropic-ai/sandbox-runtime";
import { createWriteDenials } from "./denials.ts";
import type { Access } from "./filesystem.ts";

export interface Wrapping {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly access: Access;
  /** Port of the egress gate on the machine's loopback: the only way out. */
  readonly gatePort: number;
}

/**
 * Starts one process tree inside the sandbox. It ends when the first process does, or with us.
 *
 * @throws when sandbox-runtime refuses the configuration or lacks a program
 */
export async function startInside({
  argv,
  environment,
  access,
  gatePort,
}: Wrapping): Promise<ChildProcessWithoutNullStreams> {
  const literal = (paths: readonly string[]) => paths.map((path) => ({ path, literal: true as const }));
  const config = {
    // One port twice: whoever speaks SOCKS to it gets a protocol error, since the gate speaks only HTTP.
    network: { allowedDomains: [], deniedDomains: [], httpProxyPort: gatePort, socksProxyPort: gatePort },
    filesystem: {
      denyRead: literal(["/", ...access.denyRead]),
      allowRead: literal(access.allowRead),
      allowWrite: literal(access.allowWrite),
      denyWrite: literal(access.denyWrite),
    },
  };
  await SandboxManager.initialize(config, undefined, true);
  const denials = createWriteDenials();
  SandboxManager.getSandboxViolationStore().subscribe((all) => denials.seen(all.at(-1)?.line ?? ""));

  // It becomes TMPDIR inside; sandbox-runtime's own choice may not exist there.
  process.env.CLAUDE_CODE_TMPDIR = "/tmp";
  const command = await SandboxManager.wrapWithSandbox(`exec ${argv.map(quote).join(" ")}`);
  return spawn("/bin/sh", ["-c", `exec ${command}`], { env: environment, stdio: ["pipe", "pipe", "pipe"] });
}

/** Ends what serves the sandbox from outside: relays and sockets. */
export async function endServing(): Promise<void> {
  SandboxManager.cleanupAfterCommand();
  await SandboxManager.reset();
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
