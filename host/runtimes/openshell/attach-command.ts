import { quote } from "../../command.ts";
import { ownerPattern, type Whose } from "./box-owner.ts";
import { program } from "./cli.ts";
import { gatewayName } from "./paths.ts";

/**
 * A program on the machine that joins its streams to one inside a sandbox, both ways at once. `sandbox exec` reads its input to
 * the end before it starts anything; OpenShell's SSH does not.
 *
 * The key of the SSH server inside is new in each sandbox and is not looked at: the way there is the gateway's, whose own
 * certificate and keys say who is at both ends.
 *
 * @param words plain paths, since the sandbox's shell reads them
 */
export function attachCommand({ sandbox, owner }: Whose, words: readonly string[]): readonly string[] {
  // It connects again whenever it is cut off, and the sandbox of this name may be somebody else's by then.
  const way = [
    `env OPENSHELL_GATEWAY=${gatewayName} ${program} sandbox get ${sandbox} -o json </dev/null | grep -q ${quote(ownerPattern(owner))}`,
    `exec ${program} ssh-proxy --gateway-name ${gatewayName} --name ${sandbox}`,
  ];
  const options = [
    "BatchMode=yes",
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "GlobalKnownHostsFile=/dev/null",
    "LogLevel=ERROR",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=3",
    `ProxyCommand=${way.join(" && ")}`,
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
