import { HostError } from "../host/errors.ts";
import { dockerEndpoint, isElsewhere } from "../host/local/endpoint.ts";
import { isInstalled } from "./installed-program.ts";

/** @throws HostError `unreachable` where Docker's client leads to another computer: a local machine made there answers nobody here */
export async function refuseElsewhere(): Promise<void> {
  const { address, chosenBy } = await dockerEndpoint();
  if (!chosenBy || !(await isElsewhere(address))) return;
  throw new HostError("unreachable", {
    summary: `Docker leads to another computer here, by ${chosenBy}: ${address}. A local machine there answers on that computer's 127.0.0.1 alone`,
    try: `${back(chosenBy)}, for a Docker of this computer; or run this on that one`,
  });
}

/**
 * Of a client that is here without a daemon that answers: which one it leads to is somebody's choice, and a package with another may
 * be in the way of theirs, or take it away. What else a client refuses, such as a context that is not there, no daemon mends.
 *
 * @param refusal what it said
 * @param folders where a dockerd may be beside this user's PATH
 * @throws HostError, unless a daemon of this computer's own is installed and only does not run
 */
export async function refuseNoDaemon(refusal: HostError, folders?: readonly string[]): Promise<void> {
  if (refusal.kind !== "unreachable") throw refusal;
  const { address, chosenBy } = await dockerEndpoint();
  if (!chosenBy && (await isInstalled("dockerd", folders))) return;
  const found = chosenBy ? `which ${chosenBy} leads to ${address}` : `without a dockerd on this computer`;
  const other = chosenBy
    ? `${back(chosenBy)}, for a Docker of this computer`
    : "choose another (docker context ls; docker context use NAME), or install a daemon from where the client came";
  throw new HostError("unreachable", {
    summary: `Docker's client is here, ${found}, and no daemon answers it; nothing is installed over it`,
    ran: refusal.details.ran,
    exitCode: refusal.details.exitCode,
    said: refusal.details.said,
    try: `${start(address, chosenBy)}; or ${other}; then run this again`,
    cause: refusal,
  });
}

/** How one starts the daemon of this address. */
function start(address: string, chosenBy?: string): string {
  if (!chosenBy) return "start it (systemctl start docker, or Docker Desktop)";
  if (/^unix:.*\/run\/user\/\d+\/docker\.sock$/.test(address)) return "start it (systemctl --user start docker)";
  return "start what it belongs to (Docker Desktop, the computer it leads to)";
}

/** What is set in the environment counts before the context in use. */
function back(chosenBy: string): string {
  const [variable] = /^DOCKER_\w+/.exec(chosenBy) ?? [];
  return variable ? `unset ${variable}` : "docker context use default";
}
