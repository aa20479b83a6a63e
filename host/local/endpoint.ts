/**
 * Where this user's Docker client looks for a daemon.
 *
 * - `dockerEndpoint(signal?)` → `{ address: "unix:///var/run/docker.sock", chosenBy? }`
 * - `isElsewhere(address)` → whether that is another computer
 */
import { lookup } from "node:dns/promises";
import { BlockList, isIPv6 } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { HostError } from "../errors.ts";
import { docker } from "./docker.ts";

export interface DockerEndpoint {
  /** `unix:///var/run/docker.sock`, `ssh://me@build-box` */
  readonly address: string;
  /**
   * What leads there, where somebody chose it: `DOCKER_HOST`, `DOCKER_CONTEXT=far`, `the context desktop-linux`. The usual socket counts as
   * chosen by nobody, whatever names it.
   */
  readonly chosenBy?: string;
}

const usual = ["unix:///var/run/docker.sock", "unix:///run/docker.sock"] as const;

/** Asks the client alone, so it tells of a daemon that does not answer, too. */
export async function dockerEndpoint(signal?: AbortSignal): Promise<DockerEndpoint> {
  const { address, chosenBy } = await leadingTo(signal);
  return usual.some((socket) => socket === address) ? { address } : { address, chosenBy };
}

async function leadingTo(signal?: AbortSignal): Promise<DockerEndpoint> {
  const { DOCKER_HOST, DOCKER_CONTEXT } = process.env;
  if (DOCKER_HOST) return { address: DOCKER_HOST, chosenBy: "DOCKER_HOST" };
  const format = "{{.Name}} {{.Endpoints.docker.Host}}";
  const said = await docker(["context", "inspect", "--format", format], { timeoutSeconds: 20, signal }).catch(
    (error: unknown) => {
      if (error instanceof HostError && error.kind !== "cancelled") return "";
      throw error;
    },
  );
  const [, name, address] = /^(\S+) (\S+)$/.exec(said.trim()) ?? [];
  if (!address || name === "default") return { address: usual[0] };
  return { address, chosenBy: DOCKER_CONTEXT ? `DOCKER_CONTEXT=${name}` : `the context ${name}` };
}

/** What such a daemon publishes on 127.0.0.1, it publishes there. A tunnel of one's own leads there unseen. */
export async function isElsewhere(address: string): Promise<boolean> {
  // Docker takes one without a scheme for tcp.
  const whole = address.includes("://") ? address : `tcp://${address}`;
  if (!URL.canParse(whole)) return false;
  const url = new URL(whole);
  if (!["tcp:", "ssh:", "http:", "https:"].includes(url.protocol)) return false;
  const name = url.hostname.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (["", "localhost", hostname().toLowerCase()].includes(name)) return false;
  // A name that nothing knows may be one of ssh's own settings.
  const found = await lookup(name, { all: true }).catch(() => []);
  const own = ownAddresses();
  return !found.some(({ address }) => own.check(address.replace(/%.*/, ""), isIPv6(address) ? "ipv6" : "ipv4"));
}

/** Those of this computer, and those that mean it whatever its own are. */
function ownAddresses(): BlockList {
  const own = new BlockList();
  own.addSubnet("127.0.0.0", 8, "ipv4");
  const each = Object.values(networkInterfaces()).flatMap((interfaces) => interfaces ?? []);
  for (const one of ["0.0.0.0", "::", "::1", ...each.map(({ address }) => address)])
    own.addAddress(one, isIPv6(one) ? "ipv6" : "ipv4");
  return own;
}
