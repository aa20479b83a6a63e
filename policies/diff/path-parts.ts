import { endpointPathAutomata } from "./automaton.ts";
import { partition } from "./partition.ts";
import { pathAlphabet } from "./path-alphabet.ts";
import type { SideEndpoint } from "./side.ts";

/** Whether an endpoint is about the paths of one part. */
export type Covers = (endpoint: SideEndpoint) => boolean;

/**
 * Parts all paths by which endpoints say how a request is handled, as OpenShell reads their `path`.
 *
 * @returns undefined when there are too many to go through
 */
export function pathParts(endpoints: readonly SideEndpoint[]): Covers[] | undefined {
  const globs = [...new Set(endpoints.flatMap(({ written: { path } }) => path ?? []))];
  const read = globs.flatMap((path) => endpointPathAutomata(path).map((automaton) => ({ path, automaton })));
  const parts = partition(
    read.map(({ automaton }) => automaton),
    pathAlphabet,
  );
  return parts?.map(({ accepted }) => {
    const covered = new Set(read.filter((_, index) => accepted[index]).map(({ path }) => path));
    return ({ written: { path } }) => path === undefined || covered.has(path);
  });
}
