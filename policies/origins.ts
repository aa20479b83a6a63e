import type { MergedPolicy, NamedPolicy } from "./merge.ts";
import { propertyPath } from "./property-path.ts";

type Blocks = MergedPolicy["network_policies"];
type Endpoint = Blocks[string]["endpoints"][number];

/** Where a policy's parts stand, by property path: `network_policies.npm.endpoints[0]` is at `policies/presets/npm.yaml:9`. */
export type Origins = Readonly<Record<string, string>>;

/** A part of a policy as an error names it: with its file and line where they are known. */
export function placed(path: string, origins: Origins): string {
  return origins[path] === undefined ? path : `${origins[path]}  ${path}`;
}

/**
 * The file and line of each network block and endpoint, so that a fault that is found later than at preview can name them
 * too. A block that several sources have is the first one's.
 *
 * @param blocks what became of the sources: an endpoint of theirs may be missing, their order stays
 */
export function originsOf(blocks: Blocks, sources: readonly NamedPolicy[]): Origins {
  const origins: Record<string, string> = {};
  for (const [name, { endpoints }] of Object.entries(blocks)) {
    const owner = sources.find(({ policy }) => Object.hasOwn(policy.network_policies ?? {}, name));
    if (owner?.file === undefined || owner.place === undefined) continue;
    const { file, place } = owner;
    const written = owner.policy.network_policies?.[name]?.endpoints ?? [];
    const at = (keys: readonly PropertyKey[]) => `${file}:${place(["network_policies", name, ...keys]).line}`;
    const note = (kept: readonly PropertyKey[], keys: readonly PropertyKey[]) => {
      origins[propertyPath(["network_policies", name, ...kept])] = at(keys);
    };
    note([], []);
    let next = 0;
    for (const [index, endpoint] of endpoints.entries()) {
      const found = written.findIndex((one, place) => place >= next && sameTarget(one, endpoint));
      if (found < 0) continue;
      note(["endpoints", index], ["endpoints", found]);
      next = found + 1;
    }
  }
  return origins;
}

function sameTarget(a: Endpoint, b: Endpoint): boolean {
  const target = ({ host, port, ports, path }: Endpoint) => JSON.stringify([host, port, ports, path]);
  return target(a) === target(b);
}
