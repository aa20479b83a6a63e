import type { Recorded } from "../drift/drift.ts";
import { isObject, shownEach } from "../values.ts";
import type { LookedAt, Properties } from "./looked-at.ts";
import { listedOpenings, type Opening } from "./openings.ts";
import type { ResourceChange } from "./resource-changes.ts";

/** What the stack's own rules in a group let through. */
export interface OwnRules {
  /** As the state had them before the look, those that it found gone among them. */
  readonly had: readonly Opening[];
  /** As it found them, those that an update takes away among them. */
  readonly found: readonly Opening[];
  /** As they are to be: those that are made, or changed, by an update as it makes them. */
  readonly wanted: readonly Opening[];
}

/** What is known of a stack besides what a look has found. */
export interface Around {
  /** What the preview tells by itself. */
  readonly changes: readonly ResourceChange[];
  /** What the state had before the look. */
  readonly recorded: ReadonlyMap<string, Recorded>;
}

type Rule = readonly [type: string, inputs: Properties];

/** The stack's own rules in a group of AWS's, of one direction. */
export function ownRules(
  { id }: LookedAt,
  all: readonly LookedAt[],
  { changes, recorded }: Around,
  direction: "ingress" | "egress",
): OwnRules {
  const opened = (rules: readonly Rule[]) =>
    listedOpenings(
      rules
        .filter(([type, inputs]) => inputs.securityGroupId === id && directionOf(type, inputs) === direction)
        .map(([, inputs]) => asListed(inputs, id)),
    );
  const standing = all.filter(({ urn }) => !changes.some((one) => one.urn === urn));
  const asFound = ({ type, inputs }: LookedAt): Rule => [type, inputs];
  return {
    had: opened([...recorded.values()].map(({ type, inputs }) => [type, inputs])),
    found: opened(all.map(asFound)),
    wanted: opened([...standing.map(asFound), ...changes.map(({ type, after }): Rule => [type, after?.inputs ?? {}])]),
  };
}

function directionOf(type: string, { type: written }: Properties): unknown {
  if (/^aws:ec2\/securityGroupRule:/.test(type)) return written;
  return /^aws:vpc\/securityGroup(Ingress|Egress)Rule:/.exec(type)?.[1]?.toLowerCase();
}

/** A rule for the group itself is written as one for its own members. */
function asListed(rule: Properties, id: string | undefined): Properties {
  return [rule.referencedSecurityGroupId, rule.sourceSecurityGroupId].includes(id) ? { ...rule, self: true } : rule;
}

/** The stack's own policies of a role, those that go among them: by their addresses, and by their names. */
export function ownPolicies({ id, name }: LookedAt, all: readonly LookedAt[]): [attached: string[], inline: string[]] {
  const of = (types: RegExp) =>
    all.filter(
      ({ type, inputs }) => types.test(type) && [inputs.role, inputs.roles].flat().some((one) => one === (id ?? name)),
    );
  const inline = of(/^aws:iam\/rolePolicy:/).flatMap((one) => [
    // Its id is the role's name and its own.
    ...(one.id?.split(":").slice(1) ?? []),
    ...[one.inputs, one.found ?? {}].flatMap(nameIn),
  ]);
  return [
    of(/^aws:iam\/(rolePolicyAttachment|policyAttachment):/).flatMap(({ inputs }) => shownEach(inputs.policyArn)),
    inline,
  ];
}

/** What an inline policy is called. */
export function nameIn(policy: unknown): string[] {
  return isObject(policy) ? shownEach(policy.name) : [];
}
