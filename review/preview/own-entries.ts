import { isObject, shownEach } from "../values.ts";
import type { LookedAt, Properties } from "./looked-at.ts";

/** Rules of the stack's own in a group; those that go are still in it when a look comes by. */
export interface OwnRules {
  readonly stay: readonly Properties[];
  readonly go: readonly Properties[];
}

/** The stack's own rules in a group of AWS's, of one direction. */
export function ownRules({ id }: LookedAt, all: readonly LookedAt[], direction: "ingress" | "egress"): OwnRules {
  const rules = all.filter(
    ({ type, inputs }) => inputs.securityGroupId === id && directionOf(type, inputs) === direction,
  );
  const of = (going: boolean) => rules.filter(({ goes }) => goes === going).map(({ inputs }) => asListed(inputs, id));
  return { stay: of(false), go: of(true) };
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
