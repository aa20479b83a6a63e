import { gatewayName, paths } from "./paths.ts";

/**
 * A program on the machine that joins its streams to one inside a sandbox, both ways at once. `sandbox exec` reads its input to
 * the end before it starts anything; OpenShell's SSH does not.
 *
 * The key of the SSH server inside is new in each sandbox and is not looked at: the way there is the gateway's, whose own
 * certificate and keys say who is at both ends.
 *
 * @param words plain paths, since the sandbox's shell reads them
 */
export function attachCommand(sandbox: string, words: readonly string[]): readonly string[] {
  const options = [
    "BatchMode=yes",
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "GlobalKnownHostsFile=/dev/null",
    "LogLevel=ERROR",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=3",
    `ProxyCommand=${paths.bin}/openshell ssh-proxy --gateway-name ${gatewayName} --name ${sandbox}`,
  ];
  return [
    "/usr/bin/ssh",
    "-F",
    "none",
    "-T",
    ...options.flatMap((option) => ["-o", option]),
    `sandbox@${sandbox}`,
    ...words,
  ];
}
