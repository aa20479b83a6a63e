import type { Machine } from "../host/machine.ts";
import type { LogSource } from "../host/runtimes/log-source.ts";
import { unitsByPart } from "./environment-units.ts";
import { journal } from "./journal.ts";
import { namesOf } from "./sandbox-names.ts";
import { ExitError, type Standing } from "./stack-command.ts";

/** The logs of a machine. */
export interface MachineLogs {
  readonly machine: Machine;
  readonly sources: readonly LogSource[];
}

/**
 * The named parts' logs of every sandbox of a stack, or all; all that is in a sandbox's journal is one. What several sandboxes of a
 * machine share, such as OpenShell's gateway, is read once.
 *
 * @throws ExitError where no sandbox has a part of such a name
 */
export function logSourcesOf(standings: readonly Standing[], named: readonly string[]): MachineLogs[] {
  const names = namesOf(standings);
  const all = standings.map((standing, at) => ({
    ...partsOf(standing),
    machine: standing.machine,
    sandbox: standings.length > 1 ? names[at] : undefined,
  }));
  const known = [...new Set(all.flatMap(({ units, own }) => [...Object.keys(units), ...Object.keys(own)]))];
  const unknown = named.find((part) => !known.includes(part));
  if (unknown !== undefined) {
    throw new ExitError(`scripts/logs knows ${[...known, "denials"].join(", ")} here; not ${unknown}`, 64);
  }
  const chosen = named.length > 0 ? named : known;
  const isChosen = ([part]: [string, unknown]) => chosen.includes(part);
  const logs = [...Map.groupBy(all, ({ machine }) => machine.id).values()].map((on) => {
    const isShared = ([, unit]: [string, string]) =>
      on.filter(({ units }) => Object.values(units).includes(unit)).length > 1;
    const shared = Object.fromEntries(on.flatMap(({ units }) => Object.entries(units).filter(isShared)));
    const sources = on.flatMap(({ units, own, sandbox }) => {
      const its = Object.entries(units).filter((one) => !isShared(one));
      return [
        ...journalOf(its.filter(isChosen)),
        ...Object.entries(own)
          .filter(isChosen)
          .map(([, source]) => source),
      ].map((source) => ofSandbox(source, sandbox));
    });
    const [{ machine }] = on as [(typeof on)[number]];
    return { machine, sources: [...journalOf(Object.entries(shared).filter(isChosen)), ...sources] };
  });
  return logs.filter(({ sources }) => sources.length > 0);
}

interface Parts {
  /** Units by part. */
  readonly units: Readonly<Record<string, string>>;
  /** What is no unit's. */
  readonly own: Readonly<Record<string, LogSource>>;
}

function partsOf(standing: Standing): Parts {
  return { units: unitsByPart(standing), own: standing.runtime.operations.logs?.(standing.sandbox) ?? {} };
}

function journalOf(units: readonly (readonly [string, string])[]): LogSource[] {
  return units.length === 0 ? [] : [journal(Object.fromEntries(units.map(([part, unit]) => [unit, part])))];
}

function ofSandbox(source: LogSource, sandbox: string | undefined): LogSource {
  if (sandbox === undefined) return source;
  return {
    script: source.script,
    read: (line) => {
      const entry = source.read(line);
      return entry && { ...entry, sandbox };
    },
  };
}
