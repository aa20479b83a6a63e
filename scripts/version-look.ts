import { agentPackage } from "../host/runtimes/embedded/install-agent.ts";
import type { Looked } from "./drift-look.ts";

/** A program on the machine, and what this clone's lock files pin. */
export interface VersionRow {
  readonly name: string;
  readonly installed: string;
  /** Absent where this clone has none. */
  readonly pinned?: string;
}

/**
 * The versions on the machine beside those that `up` from this clone would install. A build of our own has no number: its unit's
 * digest stands for it.
 */
export async function versionsIn(looked: readonly Looked[]): Promise<VersionRow[]> {
  const rows = looked.map(async ({ resource, handler, observed }): Promise<VersionRow[]> => {
    if (!observed || !handler.fill) return [];
    const filled: Record<string, unknown> = { ...(await handler.fill(resource.inputs)) };
    const names = Object.keys(versionsOf(filled.versions));
    const programs = names.map((name) =>
      row(name, versionsOf(observed.versions)[name], versionsOf(filled.versions)[name]),
    );
    const part = resource.type.split(":").at(-1) ?? "";
    const agent = observed.agent as { version?: unknown } | undefined;
    const agents = agent === undefined ? [] : [row("agent", agent.version, agentPackage().version)];
    const built = filled.definition === undefined ? [] : [row(part, observed.definition, filled.definition)];
    return [...programs, ...agents, ...built];
  });
  return (await Promise.all(rows)).flat();
}

/** Those that the next `up` would change. */
export function outdated(rows: readonly VersionRow[]): VersionRow[] {
  return rows.filter(({ installed, pinned }) => installed !== pinned);
}

function row(name: string, installed: unknown, pinned: unknown): VersionRow {
  return { name, installed: String(installed ?? "absent"), pinned: pinned === undefined ? undefined : String(pinned) };
}

function versionsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
