import type { Fact } from "../facts.ts";
import { isObject, shownEach, valueChanges } from "../values.ts";
import { doorFacts } from "./door-facts.ts";
import { nameOf, operationOf, type PreviewState, type PreviewStep, typeOf } from "./preview-step.ts";

/** What a look found of one resource that lets in more, that the stack does not manage, and that no update touches. */
export interface Beside {
  readonly urn: string;
  readonly type: string;
  readonly property: string;
  readonly facts: readonly Fact[];
}

/** One resource that stands, and stays. */
interface Standing {
  readonly urn: string;
  readonly name: string;
  readonly type: string;
  readonly inputs: Properties;
  /** As it was found; nothing where the preview does not show that. */
  readonly found?: Properties;
  readonly id?: string;
}

type Properties = Readonly<Record<string, unknown>>;

const group = /^aws:ec2\/(securityGroup|defaultSecurityGroup):/;
const role = /^aws:iam\/role:/;

const note = "made without an update, beside what the stack manages: an update leaves it so";

/**
 * Rules of a security group, and policies of a role, that are none of the stack's own. AWS's provider writes all that there are into
 * the outputs, the stack's own among them, and an update touches none that the program does not give there.
 */
export function openedBeside(steps: readonly PreviewStep[]): Beside[] {
  const all = standing(steps);
  return all.flatMap((one) => {
    const { urn, type } = one;
    return lists(one, all).flatMap(([property, factsOf]) => {
      const listed = one.found?.[property];
      // What the program gives there itself is all there is to be.
      if (!Array.isArray(listed) || shownEach(one.inputs[property]).length > 0) return [];
      const facts = factsOf(listed).filter(({ effect }) => effect === "widens" || effect === "unclear");
      return facts.length > 0 ? [{ urn, type, property, facts: facts.map((each) => ({ ...each, note })) }] : [];
    });
  });
}

/** The names of those of which a preview does not show what a look found: it leaves out what stays, unless it is asked not to. */
export function unseenBeside(steps: readonly PreviewStep[]): string[] {
  const lets = standing(steps).filter(({ type }) => group.test(type) || role.test(type));
  return lets.filter(({ found }) => found === undefined).map(({ name }) => name);
}

function lists(one: Standing, all: readonly Standing[]): (readonly [string, (found: unknown[]) => readonly Fact[]])[] {
  if (group.test(one.type)) return [["ingress", (found) => openings(one, found, ownRules(one, all))]];
  if (!role.test(one.type)) return [];
  const [attached, inline] = ownPolicies(one, all);
  return [
    ["managedPolicyArns", (found) => policies(one, shownEach(found), attached)],
    ["inlinePolicies", (found) => policies(one, found.filter(isObject).flatMap(nameIn), inline)],
  ];
}

function openings({ urn, name, type, id }: Standing, found: unknown[], own: readonly Properties[]): Fact[] {
  // A rule for the group itself is written as one for its own members.
  const rules = own.map((rule) => (rule.referencedSecurityGroupId === id ? { ...rule, self: true } : rule));
  const state = (ingress: readonly unknown[]): PreviewState => ({ type, inputs: { ingress } });
  return doorFacts({ urn, name, type, before: state(rules), after: state(found) });
}

function policies({ name }: Standing, found: readonly string[], own: readonly string[]): Fact[] {
  const others = found.filter((one) => !own.includes(one));
  return others.map((after) => ({ what: `what ${name} may do in the cloud`, after, effect: "unclear" }));
}

function ownRules({ id }: Standing, all: readonly Standing[]): Properties[] {
  const rules = all.filter(({ type }) => /^aws:(vpc\/securityGroupIngressRule|ec2\/securityGroupRule):/.test(type));
  return rules.map(({ inputs }) => inputs).filter((rule) => rule.securityGroupId === id && rule.type !== "egress");
}

/** By their addresses, and by their names. */
function ownPolicies({ id, name }: Standing, all: readonly Standing[]): [attached: string[], inline: string[]] {
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

function nameIn({ name }: Properties): string[] {
  return shownEach(name);
}

function standing(steps: readonly PreviewStep[]): Standing[] {
  return [...Map.groupBy(steps, ({ urn }) => urn)].flatMap(([urn, own]) => {
    const [looked, doing] = [own.find(({ op }) => op === "refresh"), own.filter(({ op }) => op !== "refresh")];
    const had = looked?.oldState;
    const goes = doing.some((step) => ["delete", "replace", "create"].includes(operationOf(step)));
    if (!looked || !had || !looked.newState || goes) return [];
    const stays = doing.find(({ oldState }) => oldState)?.oldState;
    // Where an update finds nothing to do the look's own step shows what the state had on both sides, whatever it found.
    const isOther = valueChanges(had.outputs, looked.newState.outputs).length > 0;
    const found = stays ?? (isOther ? looked.newState : undefined);
    const { inputs = {}, id } = stays ?? had;
    return [{ urn, name: nameOf(urn), type: typeOf(looked), inputs, found: found?.outputs, id }];
  });
}
