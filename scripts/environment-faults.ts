import type { Finding } from "../host/preflight/verdict.ts";
import type { SandboxStatus } from "./sandbox-status.ts";

/** What is not as it should be in an environment, and what to do about it. */
export type Fault = Omit<Finding, "what">;

interface Environment {
  readonly stack: string;
  /** Its units by the names that `scripts/logs` has for them. */
  readonly parts: Readonly<Record<string, string>>;
  /** The runtime's own words. */
  readonly errors: readonly string[];
}

/** What is wrong with an environment that nobody stopped on purpose. */
export function faultsOf({ stack, parts, errors }: Environment, known: Omit<SandboxStatus, "faults">): Fault[] {
  const { units, phase, model, policy, bridge, tunnel, enforced, drift } = known;
  const logs = (part: string) => `see what it says: scripts/logs ${part} -s ${stack}`;
  const named = (unit: string) => Object.keys(parts).find((part) => parts[part] === unit) ?? "";
  const again = `put it back: scripts/pulumi up --refresh -s ${stack}`;
  const fault = (found: string, hint: string): Fault => ({ found, try: hint });
  return [
    ...units
      .filter(({ state }) => state !== "active/running")
      .map(({ unit, state }) => fault(`${unit} is ${state}`, `${logs(named(unit))}; ${again}`)),
    ...(phase === "down" ? [fault("the agent does not answer", `${logs("agent")}; ${again}`)] : []),
    ...(phase === "starting" ? [fault("the agent is not ready", `wait a minute, then ${logs("agent")}`)] : []),
    ...(Array.isArray(enforced)
      ? [
          fault(
            "the policy did not hold when it was tried inside",
            `take it down until policy or runtime is another: scripts/stop -s ${stack}`,
          ),
        ]
      : []),
    ...(model.inForce === model.configured
      ? []
      : [fault(`the route sends to ${model.inForce}, not ${model.configured}`, again)]),
    ...(policy.file === policy.inForce
      ? []
      : [fault("another network policy is enforced than the one on the machine", again)]),
    ...errors.map((said) => fault(said, again)),
    ...(bridge?.lastError ? [fault(`the bridge: ${bridge.lastError}`, logs("bridge"))] : []),
    ...(tunnel?.ready === false ? [fault("the tunnel is not connected", logs("tunnel"))] : []),
    ...drift.map(({ resource, changes }) =>
      fault(
        `${resource} is not as the last update left it: ${changes.join(", ")}`,
        `${again}; or take it into the code: scripts/drift --adopt -s ${stack}`,
      ),
    ),
  ];
}
