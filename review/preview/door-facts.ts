import { type Fact, fact } from "../facts.ts";
import { rangeFacts } from "../range-facts.ts";
import { isObject, isUntold, shownEach } from "../values.ts";
import { madeByMachine } from "./made-by.ts";
import { type Ports, portsHold, portsOf } from "./ports.ts";
import type { ResourceChange, StateInputs } from "./resource-changes.ts";
import { asFarAsTold, untoldOpenings, untoldRefusals } from "./untold-doors.ts";

/** The types whose rules are read here, whole. */
export const doorTypes = /^aws:(ec2|vpc)\/securityGroup(IngressRule|EgressRule|Rule)?:|^gcp:compute\/firewall:/;

type Door = Pick<ResourceChange, "urn" | "type" | "name" | "before" | "after">;

/** What a security group or a firewall rule lets in and keeps out, before and after; and of what goes out, what may go farther. */
export function doorFacts(door: Door): Fact[] {
  const { type, name, before, after } = door;
  const [was, is] = [before?.inputs, after?.inputs];
  const inwards = [was, is].map((inputs) => (isInForce(inputs) && !leadsOut(type, inputs) ? inputs : undefined));
  const outwards = [was, is].map((inputs) => (isInForce(inputs) && leadsOut(type, inputs) ? inputs : undefined));
  // A new machine of the components' has a way out that its kind always has.
  const usual = was === undefined && madeByMachine(door);
  const farther = [
    ...ruleFacts(type, name, `outwards on ${name}`, outwards[0], outwards[1]),
    ...nearFacts(name, outwards),
  ];
  return [
    ...ruleFacts(type, name, `on ${name}`, inwards[0], inwards[1]),
    ...(usual ? [] : farther.map(untoldOutwards)),
  ];
}

function isInForce(inputs: StateInputs): boolean {
  return inputs?.disabled !== true;
}

function leadsOut(type: string, inputs: StateInputs): boolean {
  return /egress/i.test(type) || inputs?.direction === "EGRESS" || inputs?.type === "egress";
}

/** What may go out says nothing of who comes in, and what it opens nobody looks into. */
function untoldOutwards(one: Fact): Fact {
  if (one.effect !== "widens") return one;
  return { ...one, effect: "unclear", note: "what may be reached by it is not looked into" };
}

/** @param where which way, and on what */
function ruleFacts(type: string, name: string, where: string, was: StateInputs, is: StateInputs): Fact[] {
  const [open, shut] = [`open ${where}`, `refused ${where}`];
  const opened = openingFacts(open, openings(type, was, "allows"), openings(type, is, "allows"));
  const refused = openingFacts(shut, openings(type, is, "denies"), openings(type, was, "denies"));
  return [
    ...asFarAsTold(open, opened, untoldOpenings(was, is)),
    ...asFarAsTold(shut, refused.map(turned), untoldRefusals(was, is)),
    ...(isGoogles(type) ? [...targetFacts(name, was, is), ...priorityFacts(name, was, is)] : []),
  ];
}

/** From which of their addresses machines go out by a rule of Google's; whether fewer of them are fewer, its kind decides. */
function nearFacts(name: string, [was, is]: readonly StateInputs[]): Fact[] {
  if (was === undefined || is === undefined) return [];
  const [before, after] = [was, is].map(({ sourceRanges }) => shownEach(sourceRanges).join(", ") || "all of theirs");
  return fact(`addresses that go outwards on ${name}`, before, after, { effect: "widens" });
}

const isGoogles = (type: string) => /^gcp:.*firewall:/i.test(type);

/** Of what is refused: one refusal less lets more in, so it was found with the sides exchanged. */
function turned({ before, after, note, ...one }: Fact): Fact {
  return { ...one, before: after, after: before, ...(note && { note: "part of what is refused besides" }) };
}

/** For which machines of its network a rule of Google's is. */
function targetFacts(name: string, before: StateInputs, after: StateInputs): Fact[] {
  if (before === undefined || after === undefined) return [];
  const [was, is] = [targets(before), targets(after)] as const;
  const more = refuses(after) ? !held(was, is) : !held(is, was);
  const shown = (all: readonly string[]) => (all.length === 0 ? "every machine of its network" : all.join(", "));
  return fact(`machines behind ${name}`, shown(was), shown(is), { effect: more ? "widens" : "narrows" });
}

/** Which of Google's rules wins: the one with the smaller number, 1000 where none is written. */
function priorityFacts(name: string, before: StateInputs, after: StateInputs): Fact[] {
  if (before === undefined || after === undefined) return [];
  const [was, is] = [before, after].map(({ priority }) => priority ?? 1000) as [unknown, unknown];
  const wins = Number(is) < Number(was);
  const told = Number.isFinite(Number(was)) && Number.isFinite(Number(is));
  const effect = told ? (wins === refuses(after) ? "narrows" : "widens") : "unclear";
  const note = wins ? "it wins over more rules than before" : "more rules win over it than before";
  return fact(`priority of ${name}`, String(was), String(is), { effect, ...(told && { note }) });
}

function refuses(inputs: NonNullable<StateInputs>): boolean {
  return Array.isArray(inputs.denies) && inputs.denies.length > 0;
}

function targets(inputs: Readonly<Record<string, unknown>>): string[] {
  return [...shownEach(inputs.targetTags), ...shownEach(inputs.targetServiceAccounts)].sort();
}

/** None is everybody. */
function held(some: readonly string[], all: readonly string[]): boolean {
  return all.length === 0 || (some.length > 0 && some.every((one) => all.includes(one)));
}

interface Opening {
  readonly range: string;
  readonly ports: Ports;
}

function openingFacts(what: string, before: readonly Opening[], after: readonly Opening[]): Fact[] {
  const ports = new Map([...before, ...after].map((opening) => [opening.ports.shown, opening.ports]));
  return [...ports.values()].flatMap((port) => {
    const exactly = (all: readonly Opening[]) => ranges(all.filter((one) => one.ports.shown === port.shown));
    const wider = (all: readonly Opening[]) => ranges(all.filter((one) => portsHold(one.ports, port)));
    const shown = (range: string) => `${range} to ${port.shown}`;
    return rangeFacts(what, exactly(before), exactly(after), shown, { before: wider(before), after: wider(after) });
  });
}

function ranges(openings: readonly Opening[]): string[] {
  return openings.map(({ range }) => range);
}

// A rule group has a list of rules; newer types of the providers are one rule each.
function openings(type: string, inputs: StateInputs, kind: "allows" | "denies"): Opening[] {
  if (inputs === undefined) return [];
  const lists = kind === "denies" ? [inputs.denies] : [inputs.ingress, inputs.allows];
  const groups = lists.filter(Array.isArray).flat().filter(isObject);
  const outer = rangesOf(leadsOut(type, inputs) ? farEnds(inputs) : inputs);
  // A firewall rule of Google's that names nobody is for everybody, and has a list of what it allows or refuses.
  if (outer.length === 0 && isGoogles(type)) outer.push("0.0.0.0/0");
  const listed = inputs.denies !== undefined || lists.some(isUntold);
  const alone = kind === "allows" && !listed ? [inputs] : [];
  return (groups.length === 0 ? alone : groups).flatMap((group) => {
    const own = rangesOf(group);
    return (own.length > 0 ? own : outer).map((range) => ({ range, ports: portsOf(group) }));
  });
}

const rangeFields = [
  "cidrBlocks",
  "ipv6CidrBlocks",
  "cidrIpv4",
  "cidrIpv6",
  "sourceRanges",
  "sourceTags",
  "sourceServiceAccounts",
  "prefixListIds",
  "prefixListId",
  "securityGroups",
  "sourceSecurityGroupId",
  "referencedSecurityGroupId",
];

/** What is read of them. To which addresses of its own a rule is, and a group's list of what goes out, is not. */
export const doorProperties: readonly string[] = [
  ...rangeFields,
  ...["ingress", "allows", "denies", "disabled", "direction", "type", "priority", "self"],
  ...["protocol", "ipProtocol", "ports", "fromPort", "toPort", "targetTags", "targetServiceAccounts"],
];

/** Of a rule for what goes out to whom it leads: what Google's rules name as sources is who goes there. */
function farEnds({ sourceRanges: _, ...rule }: Readonly<Record<string, unknown>>) {
  return rule.destinationRanges === undefined ? rule : { ...rule, cidrBlocks: rule.destinationRanges };
}

function rangesOf(rule: Readonly<Record<string, unknown>>): string[] {
  const named = rangeFields.flatMap((field) => shownEach(rule[field]));
  return rule.self === true ? [...named, "its own members"] : named;
}
