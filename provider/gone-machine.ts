import { HostError } from "../host/errors.ts";
import type { Host } from "../host/host.ts";
import { readLocalMachine } from "../host/local/machine.ts";
import type { Machine } from "../host/machine.ts";
import { connectTo } from "../host/pool.ts";
import type { Progress } from "./handler.ts";

/** Where an operator names the ids of machines that are gone for good, with commas between them. */
const variable = "NEMOCLAW_MACHINE_GONE";

/** Seconds a machine that does not answer is waited for; create and update wait as long as the pool does by default. */
const DEADLINE_SECONDS = 15;

/**
 * Looks at what stands on a machine, or takes it away; of a machine that is no more, all of it is gone.
 *
 * An address that does not answer is no proof of that; only the one who made it can say so. Of a local machine Docker does, of
 * any other the operator, in the environment of the one command: nobody edits the settings of what was destroyed.
 */
export async function unlessGone<T>(
  machine: Machine,
  progress: Progress,
  use: (host: Host) => Promise<T>,
): Promise<T | "gone"> {
  let host: Host | undefined;
  try {
    host = await connectTo(machine, { ...progress, connectSeconds: DEADLINE_SECONDS });
    return await use(host);
  } catch (error) {
    if (!(error instanceof HostError) || error.kind !== "unreachable") throw error;
    if (machine.id.startsWith("local:")) {
      if (await readLocalMachine(machine.id.slice("local:".length))) throw error;
      progress.log(`its machine ${machine.id} is already gone, and this with it`);
      return "gone";
    }
    // One that has answered is there, whatever is said of it.
    if (host) throw error;
    if (!named().includes(machine.id)) throw withWayOut(error, machine);
    progress.log(`its machine ${machine.id} does not answer and is gone, as ${variable} says, and this with it`);
    return "gone";
  }
}

function named(): readonly string[] {
  return (process.env[variable] ?? "").split(",").map((id) => id.trim());
}

function withWayOut({ kind, details }: HostError, { id }: Machine): HostError {
  const wayOut = `where the machine is gone for good, run the same again with ${variable}=${id}`;
  return new HostError(kind, { ...details, try: details.try ? `${details.try}\n        ${wayOut}` : wayOut });
}
