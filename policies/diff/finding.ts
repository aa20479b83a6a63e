import { canonical } from "../canonical.ts";
import type { PolicySource } from "../policy-source.ts";
import type { Cell } from "./cells.ts";
import type { AccessChange, Effect } from "./change.ts";
import type { SideEndpoint } from "./side.ts";

/** A difference in one cell, before those of several cells are brought together. */
export interface Finding {
  readonly effect: Effect;
  readonly area: AccessChange["area"];
  readonly comparable: boolean;
  readonly what: string;
  readonly host?: string;
  readonly ports: readonly number[];
  readonly programs: readonly string[];
  readonly methods: readonly string[];
  readonly path?: string;
  readonly note?: string;
  readonly example?: string;
  readonly block: string;
  readonly source?: PolicySource;
}

/** Makes a {@link Finding} about an endpoint, whose host, block and programs it takes over. */
export function finding({
  cell,
  endpoint,
  area = "network",
  comparable = true,
  methods = [],
  ...more
}: Pick<Finding, "effect" | "what"> &
  Partial<Pick<Finding, "area" | "comparable" | "methods" | "path" | "note" | "example">> & {
    readonly cell: Cell;
    readonly endpoint: SideEndpoint;
  }): Finding {
  const { programs } = cell;
  return {
    ...more,
    area,
    comparable,
    methods,
    host: endpoint.host,
    ports: cell.ports,
    programs: endpoint.programs.filter((path) => programs.has(path)),
    block: endpoint.block,
    source: endpoint.source,
  };
}

/** Brings findings together that say the same of several cells. */
export function gather(findings: readonly Finding[]): AccessChange[] {
  // First the programs of one port, then ports with the same programs: so no pair is claimed that is not there.
  const byPort = groups(findings, ({ ports }) => ports);
  return groups(byPort, ({ programs }) => programs).map(change);
}

type Gathered = Finding & {
  readonly blocks?: ReadonlySet<string>;
  readonly sources?: ReadonlyMap<string, PolicySource>;
};

function groups(findings: readonly Gathered[], apart: (one: Gathered) => unknown): Gathered[] {
  const key = (one: Gathered) => {
    const { effect, area, what, host, path, note, methods } = one;
    return JSON.stringify([effect, area, what, host, path, note, methods, apart(one)]);
  };
  return [...Map.groupBy(findings, key).values()].map(together);
}

function together(same: readonly Gathered[]): Gathered {
  const [first] = same as [Gathered, ...Gathered[]];
  const programs = [...new Set(same.flatMap((one) => one.programs))].sort();
  return {
    ...first,
    comparable: same.every(({ comparable }) => comparable),
    methods: [...new Set(same.flatMap(({ methods }) => methods))],
    ports: [...new Set(same.flatMap(({ ports }) => ports))].sort((a, b) => a - b),
    programs,
    blocks: new Set(same.flatMap(({ block, blocks }) => [block, ...(blocks ?? [])])),
    sources: new Map(
      same.flatMap(({ source, sources }) => [
        ...(source ? [[canonical(source), source] as const] : []),
        ...(sources ?? []),
      ]),
    ),
  };
}

function change(one: Gathered): AccessChange {
  const { area, effect, comparable, what, host, ports, programs, methods, path, note, example, blocks, sources } = one;
  return {
    area,
    effect,
    comparable,
    what,
    where: `${host ?? "any host"}:${ports.join(",")}`,
    // A glob for every program says it for all of them.
    ...(programs.includes("/**") ? {} : { programs }),
    ...(note ? { note } : {}),
    ...(example ? { example } : {}),
    blocks: [...(blocks ?? [])].sort(),
    sources: [...(sources ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, source]) => source),
    requests: { host, ports, methods, ...(path ? { path } : {}) },
  };
}
