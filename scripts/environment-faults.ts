import type { Finding } from "../host/preflight/verdict.ts";
import { silentSeconds } from "../services/telegram-bridge/poll-times.ts";
import { duration } from "./duration.ts";
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

/** What is wrong with an environment; with one that is stopped on purpose, what runs nevertheless and what was changed since. */
export function faultsOf(environment: Environment, known: Omit<SandboxStatus, "faults">): Fault[] {
  const { stack } = environment;
  const now = known.stopped ? runningFaults(environment, known) : serviceFaults(environment, known);
  return [...now, ...driftFaults(stack, known.drift)];
}

function runningFaults(
  { stack, errors }: Environment,
  { units, agent, sandboxRuns }: Omit<SandboxStatus, "faults">,
): Fault[] {
  // The machine's own units, such as OpenShell's gateway, are no instance of a sandbox's and stay up.
  const running = units.filter(
    ({ unit, state }) => unit.includes("@") && /^(active|activating|reloading)\b/.test(state),
  );
  const still = [
    ...running.map(({ unit, state }) => `${unit} is ${state}`),
    ...(agent ? ["the agent answers"] : []),
    ...(sandboxRuns === true ? ["the sandbox runs"] : []),
    ...(sandboxRuns === "unknown" ? [["nobody knows whether the sandbox runs", ...errors].join(": ")] : []),
  ];
  return still.map((found) => ({
    found: `${found}, though the environment is stopped on purpose`,
    try: `take it down: scripts/stop -s ${stack}; or up: scripts/start -s ${stack}`,
  }));
}

function serviceFaults({ stack, parts, errors }: Environment, known: Omit<SandboxStatus, "faults">): Fault[] {
  const { units, phase, model, policy, bridge, tunnel, enforced, approvals } = known;
  const logs = (part: string) => `see what it says: scripts/logs ${part} -s ${stack}`;
  const named = (unit: string) => Object.keys(parts).find((part) => parts[part] === unit) ?? "";
  const again = putBack(stack);
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
    ...(model.inForce === model.configured ? [] : [fault(routeFault(model), again)]),
    ...(policy.file === policy.inForce
      ? []
      : [fault("another network policy is enforced than the one on the machine", again)]),
    ...errors.map((said) => fault(said, again)),
    ...bridgeFaults(units, parts.bridge, bridge).map((found) => fault(found, logs("bridge"))),
    ...(approvals && "unreadable" in approvals
      ? [fault(`what waits for approval is not known: ${approvals.unreadable.split("\n")[0]}`, logs("gateway"))]
      : []),
    ...(tunnel?.ready === false ? [fault("the tunnel is not connected", logs("tunnel"))] : []),
  ];
}

function routeFault({ configured, inForce }: SandboxStatus["model"]): string {
  if (inForce === undefined) return `the route sends to no model, though ${configured} is configured`;
  return `the route sends to ${inForce}, ${configured === undefined ? "though no model is configured" : `not ${configured}`}`;
}

function bridgeFaults(
  units: SandboxStatus["units"],
  unit: string | undefined,
  bridge: SandboxStatus["bridge"],
): string[] {
  if (bridge?.lastError) return [`the bridge: ${bridge.lastError}`];
  // One that does not run is told as that, and its file goes with it. One that runs has polled once.
  if (!bridge || !units.some((one) => one.unit === unit && one.state === "active/running")) return [];
  const { unreadable, secondsSincePoll: seconds } = bridge;
  if (unreadable) return [`the bridge runs, and how it is cannot be read: ${unreadable}`];
  if (seconds !== undefined && seconds <= silentSeconds) return [];
  const since = seconds === undefined ? "says nothing of a poll" : `has told of no poll for ${duration(seconds)}`;
  return [`the bridge ${since}: it hangs, or cannot write its status file`];
}

/** What is not as the last update left it, as faults. */
export function driftFaults(stack: string, drift: SandboxStatus["drift"]): Fault[] {
  return drift.map(({ resource, changes }) => ({
    found: `${resource} is not as the last update left it: ${changes.join(", ")}`,
    try: `${putBack(stack)}; or take it into the code: scripts/drift --adopt -s ${stack}`,
  }));
}

/** Upgrades that were cut off, as faults: what runs was perhaps never tried, and what ran before it is still kept. */
export function cutOffFaults(stack: string, resources: readonly string[]): Fault[] {
  return resources.map((resource) => ({
    found: `an upgrade of ${resource} was cut off, and nobody knows whether it works`,
    try: `scripts/pulumi up --refresh -s ${stack}: it is tried, and what ran before is put back where it does not work`,
  }));
}

function putBack(stack: string): string {
  return `put it back: scripts/pulumi up --refresh -s ${stack}`;
}
