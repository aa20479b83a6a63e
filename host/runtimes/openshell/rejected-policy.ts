import { type Origins, placed } from "../../../policies/origins.ts";
import { propertyPath } from "../../../policies/property-path.ts";
import type { NetworkSpec } from "../runtime.ts";

type Policies = NetworkSpec["networkPolicies"];

/**
 * What to change in the policy files, from what OpenShell said about the policy that it refused. It tells a block by its name
 * and an endpoint by its number or its host; how the rest is worded is nothing to build on.
 *
 * @returns undefined when it speaks of none of these blocks
 *
 * @example
 * // policies/mine.yaml:12  network_policies.tickets.endpoints[1] (tickets.example.com)
 */
export function rejectedParts(said: string, policies: Policies, origins: Origins = {}): string | undefined {
  const places = sentences(unwrapped(said)).flatMap((sentence) => placesIn(sentence, policies));
  const lines = places.map((keys) => {
    const path = propertyPath(keys);
    const [, block = "", , index] = keys;
    const host = typeof index === "number" ? policies[block]?.endpoints[index]?.host : undefined;
    const head = placed(path, origins);
    return host === undefined ? head : `${head} (${host})`;
  });
  return lines.length === 0 ? undefined : [...new Set(lines)].join("\n        ");
}

type Keys = readonly [string, string] | readonly [string, string, string, number];

/** The CLI breaks its lines for a terminal, after hyphens too, and draws a bar before each. */
function unwrapped(said: string): string {
  return said.replace(/(\w-)\n *│ */g, "$1").replace(/ *\n *│? */g, " ");
}

/** One for each thing that is wrong: a host in the one is no word about a block in the other. */
function sentences(said: string): string[] {
  return said.split(/(?=network polic(?:y|ies) ')/);
}

function placesIn(sentence: string, policies: Policies): Keys[] {
  const places = Object.entries(policies).flatMap(([block, { name, endpoints }]): Keys[] => {
    const called = [block, ...(name ? [name] : [])].map(literal).join("|");
    const named = new RegExp(`'(?:${called})'|network_policies[. ]["']?(?:${called})(?![\\w-])`);
    if (!named.test(sentence)) return [];
    const number = new RegExp(`(?:'(?:${called})':? |\\.(?:${called})\\.)endpoints? ?\\[?(\\d+)`).exec(sentence)?.[1];
    const byNumber = number !== undefined && Number(number) < endpoints.length ? [Number(number)] : undefined;
    return endpointsOrBlock(block, byNumber ?? hostsIn(sentence, endpoints));
  });
  if (places.length > 0) return places;
  // Of credentials it names the host alone.
  return Object.entries(policies).flatMap(([block, { endpoints }]) =>
    hostsIn(sentence, endpoints).map((index): Keys => ["network_policies", block, "endpoints", index]),
  );
}

function endpointsOrBlock(block: string, indexes: readonly number[]): Keys[] {
  if (indexes.length === 0) return [["network_policies", block]];
  return indexes.map((index) => ["network_policies", block, "endpoints", index]);
}

function hostsIn(sentence: string, endpoints: Policies[string]["endpoints"]): number[] {
  const found = endpoints.map(({ host }) => Boolean(host) && sentence.includes(`'${host}'`));
  return [...found.keys()].filter((index) => found[index]);
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
