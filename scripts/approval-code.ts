import { readFileSync } from "node:fs";
import { canonical } from "../policies/canonical.ts";
import { loadPolicy } from "../policies/load.ts";
import type { NetworkPolicy } from "../policies/policy.ts";
import { readPolicy } from "../policies/read.ts";
import type { Adoption } from "../review/drift/adopt.ts";
import { adoptInto } from "../review/drift/adopt-into.ts";
import type { PolicyFile } from "./policy-file.ts";

/** A rule that a person wants in the code. */
export interface Approved {
  readonly id: string;
  readonly name: string;
  readonly rule: NetworkPolicy;
  /** Who, when and why, a line each. */
  readonly comment: readonly string[];
}

/** What a stack's code is to say so that it allows a rule. */
export interface Code {
  /** Of the policy file. */
  readonly text: string;
  /** Name of the block that allows it. */
  readonly block: string;
  readonly policy: NetworkPolicy;
}

type Place = Pick<PolicyFile, "named" | "path" | "text" | "presets">;
type Blocks = Readonly<Record<string, NetworkPolicy>>;

/**
 * Puts a rule into a stack's own policy file, whose comments and order stay. A block of the rule's name grows only where that
 * allows nothing else besides; otherwise the rule gets a block of its own.
 *
 * @throws PolicyError when the stack's policy would not be one any more
 */
export function asCode(file: Place, approved: Approved): Code {
  const own = ownBlocks(file);
  const adoptions = changes(own, { ...presetBlocks(file), ...own }, approved);
  const text = adoptInto(file.text, "policy", adoptions, file.named);
  // With its presets, so that what an update would refuse is refused here.
  const { presets, named } = file;
  loadPolicy({ presets, file: named }, (path) => (path === file.path ? text : readFileSync(path, "utf8")));
  const block = adoptions[0]?.path[1] ?? approved.name;
  return { text, block, policy: ownBlocks({ ...file, text })[block] ?? approved.rule };
}

/** The block of a stack's code that lets every program of a rule reach all that the rule names. */
export function blockThatAllows(file: Place, rule: NetworkPolicy): Code | undefined {
  const all = Object.entries({ ...presetBlocks(file), ...ownBlocks(file) });
  const [block, policy] =
    all.find(([, one]) => missing(one, rule, "endpoints").length + missing(one, rule, "binaries").length === 0) ?? [];
  return block && policy ? { text: file.text, block, policy } : undefined;
}

function changes(own: Blocks, all: Blocks, { id, name, rule, comment }: Approved): Adoption[] {
  const here = own[name];
  const whole = (block: string): Adoption[] => [
    { into: "policy", path: ["network_policies", block], value: inShort(rule), comment },
  ];
  if (!all[name]) return whole(name);
  // Programs and destinations of a block go with each other, so only one of the two may grow.
  for (const [same, grows] of [
    ["endpoints", "binaries"],
    ["binaries", "endpoints"],
  ] as const) {
    if (!here || missing(here, rule, same).length + missing(rule, here, same).length > 0) continue;
    return missing(here, rule, grows).map((item, i) => ({
      into: "policy",
      path: ["network_policies", name, grows, String(here[grows].length + i)],
      value: item,
      ...(i === 0 && { comment }),
    }));
  }
  return whole(`${name}_${id.slice(0, 8)}`);
}

/** What one block has of a list and another lacks. */
function missing(block: NetworkPolicy, rule: NetworkPolicy, list: "endpoints" | "binaries"): object[] {
  const known = new Set(block[list].map(canonical));
  return rule[list].filter((item) => !known.has(canonical(item)));
}

const inShort = ({ endpoints, binaries }: NetworkPolicy) => ({ endpoints, binaries });

const presetBlocks = ({ presets }: Place): Blocks => loadPolicy({ presets }).policy.network_policies;

function ownBlocks({ text, named }: Place): Blocks {
  return text.trim() === "" ? {} : (readPolicy(text, named).policy.network_policies ?? {});
}
