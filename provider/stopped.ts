import type { Host } from "../host/host.ts";
import { type Stopped, stoppedFacts } from "../host/stopped.ts";

/** What a service of a stopped environment is not, and is not to be made, although it is wanted. */
const suspended = ["running", "inForce"] as const;

type Properties = Readonly<Record<string, unknown>>;

/**
 * Who stopped the environment that a resource is a service of, or `no`.
 *
 * @returns undefined for what is no service of a sandbox: Docker, a workspace
 */
export async function stoppedOn(host: Host, inputs: object): Promise<Stopped | "no" | undefined> {
  const { sandbox, ...rest } = inputs as Properties;
  if (typeof sandbox !== "string" || !suspended.some((key) => key in rest)) return undefined;
  return (await host.look(stoppedFacts(sandbox))) ?? "no";
}

/** The inputs by which a service is made ready and not started. */
export function whileStopped<Inputs extends object>(inputs: Inputs): Inputs {
  return { ...inputs, ...suspendedAs(inputs, false) };
}

/** The inputs as they were wanted, from what was observed of a stopped service. */
export function asIfStarted<Inputs extends Properties>(inputs: Inputs, state: object): Inputs {
  return isStopped(state) ? { ...inputs, ...suspendedAs(inputs, true) } : inputs;
}

/** Properties in which a service that was observed to be stopped on purpose may differ from what is wanted. */
export function mayDiffer(observed: object): readonly string[] {
  return isStopped(observed) ? suspended : [];
}

function isStopped(state: object): boolean {
  return typeof (state as Properties).stopped === "object";
}

function suspendedAs(inputs: object, value: boolean): Properties {
  return Object.fromEntries(suspended.filter((key) => key in inputs).map((key) => [key, value]));
}
