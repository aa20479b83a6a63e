import { isIP } from "node:net";
import { hostAlphabet, textAlphabet } from "./alphabet.ts";
import { globAutomaton } from "./automaton.ts";
import { partition } from "./partition.ts";
import type { SideEndpoint } from "./side.ts";

/** Destinations and programs for which the same endpoints count. */
export interface Cell {
  readonly before: readonly SideEndpoint[];
  readonly after: readonly SideEndpoint[];
  /** One destination of the cell. */
  readonly host: string;
  readonly ports: readonly number[];
  /** Which programs, as the two policies name them. */
  readonly programs: ReadonlySet<string>;
}

const tooMany = "too many hosts, programs or paths overlap to compare it";

/**
 * Parts all destinations and programs by which endpoints count for them.
 *
 * @returns why, when that cannot be done
 */
export function cellsOf(before: readonly SideEndpoint[], after: readonly SideEndpoint[]): Cell[] | string {
  const all = [...before, ...after];
  const foreign = all.flatMap(({ programs }) => programs).find((path) => !ascii(path));
  if (foreign !== undefined) return `the path ${foreign} has characters beyond ASCII, which are not compared`;
  const cells = new Map<string, Cell & { ports: number[]; programs: Set<string> }>();
  const hosts = hostsOf(all);
  const programKinds = new Map<string, Set<string>[]>();
  if (hosts === undefined) return tooMany;
  for (const { host, covers } of hosts) {
    const here = all.filter(covers);
    for (const port of new Set(here.flatMap(({ ports }) => ports))) {
      const there = here.filter(({ ports }) => ports.includes(port));
      const paths = [...new Set(there.flatMap(({ programs }) => programs))];
      const kinds = programKinds.get(paths.join("\n")) ?? programsOf(paths);
      if (kinds === undefined) return tooMany;
      programKinds.set(paths.join("\n"), kinds);
      for (const program of kinds) {
        const active = there.filter(({ programs }) => programs.some((path) => program.has(path)));
        if (active.length === 0) continue;
        const numbers = active.map((endpoint) => all.indexOf(endpoint));
        // The same endpoints decide alike wherever they meet, so one look is enough; an address may besides be out of their reach.
        const key = `${numbers.join()}:${port}${isIP(host) === 0 ? "" : ` ${host}`}`;
        const known = cells.get(key);
        if (known) for (const path of program) known.programs.add(path);
        else
          cells.set(key, {
            before: active.filter((endpoint) => before.includes(endpoint)),
            after: active.filter((endpoint) => after.includes(endpoint)),
            host,
            ports: [port],
            programs: new Set(program),
          });
      }
    }
  }
  return [...cells.values()];
}

interface Hosts {
  readonly host: string;
  readonly covers: (endpoint: SideEndpoint) => boolean;
}

function hostsOf(all: readonly SideEndpoint[]): Hosts[] | undefined {
  const names = [...new Set(all.flatMap(({ host }) => host ?? []))];
  const exact = names.filter((name) => !name.includes("*"));
  const wild = names.filter((name) => name.includes("*"));
  // The exact names take part so that no example is one of them.
  const parts = partition(
    [...wild, ...exact].map((name) => globAutomaton(name, ".")),
    hostAlphabet,
  );
  if (parts === undefined) return undefined;
  const patterns = new Map(wild.map((name) => [name, new RegExp(`^${expression(name)}$`)]));
  const named = exact.map(
    (name): Hosts => ({
      host: name,
      covers: ({ host }) =>
        // A wildcard is about names; no address is reached through one.
        host === undefined || host === name || (isIP(name) === 0 && patterns.get(host)?.test(name) === true),
    }),
  );
  const others = parts
    .filter(({ accepted }) => !accepted.slice(wild.length).includes(true))
    .map(
      ({ accepted, example }): Hosts => ({
        host: example,
        covers: ({ host }) => host === undefined || (wild.includes(host) && accepted[wild.indexOf(host)] === true),
      }),
    );
  return [...named, ...others];
}

// Only what a host may hold: letters, digits, hyphens, and stars in the first label.
function expression(host: string): string {
  return host.replaceAll(/\*\*\.|\*+|[^*]/g, (part) => {
    if (part === "**.") return ".*\\.";
    if (part.startsWith("*")) return "[^.]*";
    return part.replaceAll(/[.\\^$+?()[\]{}|-]/g, "\\$&");
  });
}

function programsOf(paths: readonly string[]): Set<string>[] | undefined {
  const parts = partition(
    paths.map((path) => globAutomaton(path, "/")),
    textAlphabet,
  );
  return parts?.map(({ accepted }) => new Set(paths.filter((_, index) => accepted[index])));
}

function ascii(text: string): boolean {
  return [...text].every((character) => character < "\u0080");
}
