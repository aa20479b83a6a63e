import { readFileSync } from "node:fs";
import { parseLine } from "./lines.ts";
import type { Fault } from "./protocol.ts";

/** What the inference route says of itself, as far as a failed turn is explained by it. */
export interface RouteStatus {
  /** What the upstream said last. */
  readonly lastStatus?: number;
  /** Why its configuration is not in force. */
  readonly error?: string;
}

/** The route's status file; nothing when there is none, since it explains but never decides. */
export function readRouteStatus(path: string): RouteStatus | undefined {
  try {
    const { lastStatus, error } = parseLine(readFileSync(path, "utf8")) ?? {};
    return {
      ...(typeof lastStatus === "number" && { lastStatus }),
      ...(typeof error === "string" && { error: error.slice(0, 300) }),
    };
  } catch {
    return undefined;
  }
}

/**
 * Says why the model did not answer. The route tells the agent as little as it can, or OpenClaw would stop asking for minutes, so
 * the agent's own words about it are a guess and mislead; the route knows.
 */
export function explainFault(fault: Fault, route: RouteStatus | undefined): Fault {
  if (fault.kind !== "inference") return fault;
  const { kind } = fault;
  if (route === undefined) return { kind, message: "the model did not answer: the inference route does not run" };
  if (route.error !== undefined) {
    return {
      kind,
      message: `the model did not answer: the inference route's configuration is refused: ${route.error}`,
    };
  }
  const { lastStatus } = route;
  if (lastStatus === undefined) return { kind, message: `the model did not answer: ${fault.message}` };
  if (lastStatus >= 200 && lastStatus < 300)
    return { kind, message: `the model's answer was not usable: ${fault.message}` };
  return { kind, message: `the model did not answer: its API said ${lastStatus}${meaning(lastStatus)}` };
}

function meaning(status: number): string {
  if (status === 401 || status === 403) return " (it refuses the route's key)";
  if (status === 402) return " (payment is due)";
  if (status === 404) return " (it does not know the model or the path)";
  if (status === 429) return " (too many requests)";
  return status >= 500 ? " (it fails or is overloaded)" : "";
}
