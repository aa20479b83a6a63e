/**
 * Where this user's Docker client looks for a daemon.
 *
 * - `dockerEndpoint(signal?)` → `{ address: "unix:///var/run/docker.sock", chosenBy? }`
 * - `isElsewhere(address)` → whether that is another computer
 */
import { networkInterfaces } from "node:os";
import { HostError } from "../errors.ts";
import { docker } from "./docker.ts";

export interface DockerEndpoint {
  /** `unix:///var/run/docker.sock`, `ssh://me@build-box` */
  readonly address: string;
  /** What leads there, where somebody chose it: `DOCKER_HOST`, `the context desktop-linux`. */
  readonly chosenBy?: string;
}

/** Asks the client alone, so it tells of a daemon that does not answer, too. */
export async function dockerEndpoint(signal?: AbortSignal): Promise<DockerEndpoint> {
  const { DOCKER_HOST } = process.env;
  if (DOCKER_HOST) return { address: DOCKER_HOST, chosenBy: "DOCKER_HOST" };
  const format = "{{.Name}} {{.Endpoints.docker.Host}}";
  const said = await docker(["context", "inspect", "--format", format], { timeoutSeconds: 20, signal }).catch(
    (error: unknown) => {
      if (error instanceof HostError && error.kind !== "cancelled") return "";
      throw error;
    },
  );
  const [, name, address] = /^(\S+) (\S+)$/.exec(said.trim()) ?? [];
  if (!address || name === "default") return { address: "unix:///var/run/docker.sock" };
  return { address, chosenBy: `the context ${name}` };
}

/** What such a daemon publishes on 127.0.0.1, it publishes there. A tunnel of one's own leads there unseen. */
export function isElsewhere(address: string): boolean {
  const { protocol, hostname } = URL.canParse(address) ? new URL(address) : { protocol: "", hostname: "" };
  if (!["tcp:", "ssh:", "http:", "https:"].includes(protocol)) return false;
  const name = hostname.replace(/^\[(.*)\]$/, "$1");
  const own = Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address) ?? []);
  return name !== "localhost" && !name.startsWith("127.") && !["", "::1", ...own].includes(name);
}
