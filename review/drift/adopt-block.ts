import { type Document, isMap, isSeq, type YAMLMap } from "yaml";
import { asEnforced } from "../../policies/as-enforced.ts";
import { canonical } from "../../policies/canonical.ts";
import { type NetworkPolicy, networkPolicySchema, type Policy } from "../../policies/policy.ts";
import { readPolicy } from "../../policies/read.ts";
import type { DriftedBlock } from "./adopt.ts";
import { editedYaml } from "./edited-yaml.ts";
import { mergeInto, mergeItems } from "./merged-node.ts";

interface Wanted extends DriftedBlock {
  readonly block: string;
  /** Nothing where it is gone. */
  readonly found: unknown;
  /** Writes what was found over whatever the file has. */
  readonly putWhole: (document: Document) => void;
}

type Runtime = DriftedBlock["runtime"];

/**
 * A policy file's text in which a block says what was found. Of a block that it has only what differs from what the last update left is
 * touched: comments, order, style and what its runtime does not enforce stay. Where that does not come to what was found, the
 * text is as it was, with the reason.
 *
 * @throws PolicyError when the file is no policy, or would not be one any more
 */
export function adoptBlock(text: string, file: string, wanted: Wanted): { text: string; refusal?: string } {
  const { block, runtime, putWhole } = wanted;
  const [known, found] = [wanted.known, wanted.found].map(oneForm);
  const before = readPolicy(text, file).policy;
  const own = before.network_policies?.[block];
  const refused = (refusal: string) => ({ text, refusal: `${refusal}: merge by hand, or restore it` });
  if (own === undefined && found === undefined) return { text };
  // What the runtime does not enforce was not removed by anybody.
  const said = found === undefined ? own : enforced(before, runtime)[block];
  if (own !== undefined && (known === undefined || canonical(said) !== canonical(known)))
    return refused("the policy file says something else of it than the last update left");
  const edit = (document: Document) => {
    const node = document.getIn(["network_policies", block], true);
    if (own !== undefined && found !== undefined && isMap(node))
      mergeBlock(document, node, { known, found, told: own.endpoints.map((one) => isTold(own, one, runtime)) });
    else putWhole(document);
  };
  const written = editedYaml(text, file, edit);
  const after = readPolicy(written, file).policy;
  if (canonical(enforced(after, runtime)[block]) !== canonical(found))
    return refused("from the policy file it would not come into force as it was found");
  if (others(after, block) !== others(before, block)) return refused("the policy file shares parts of it with others");
  return { text: written };
}

interface Merge {
  readonly known: unknown;
  readonly found: unknown;
  /** Which endpoints of the file the known state tells of. */
  readonly told: readonly boolean[];
}

function mergeBlock(document: Document, node: YAMLMap, { known, found, told }: Merge): void {
  const { endpoints: was, ...rest } = known as NetworkPolicy;
  const { endpoints: is, ...wanted } = found as NetworkPolicy;
  const list = node.get("endpoints", true) as unknown;
  if (isSeq(list)) {
    const nodes = list.items.filter((_, at) => told[at]);
    mergeItems(document, list, { nodes, known: was, found: is });
    mergeInto(document, node, rest, wanted);
  } else mergeInto(document, node, known, found);
}

function isTold(block: NetworkPolicy, endpoint: NetworkPolicy["endpoints"][number], runtime: Runtime): boolean {
  const alone: Policy = { version: 1, network_policies: { block: { ...block, endpoints: [endpoint] } } };
  return enforced(alone, runtime).block !== undefined;
}

function enforced(policy: Policy, runtime: Runtime): Readonly<Record<string, NetworkPolicy>> {
  return asEnforced({ ...policy, network_policies: policy.network_policies ?? {} }, runtime).network_policies;
}

function others({ network_policies, ...rest }: Policy, block: string): string {
  return canonical({ ...rest, network_policies: { ...network_policies, [block]: undefined } });
}

/** A block as our schema has it; what is none stays, and no file will take it. */
function oneForm(block: unknown): unknown {
  return networkPolicySchema.safeParse(block).data ?? block;
}
