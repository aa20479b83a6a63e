import { type Fact, fact } from "../facts.ts";
import { shownEach } from "../values.ts";
import { openingFacts } from "./opening-facts.ts";
import { isGoogles, leadsOut, openings } from "./openings.ts";
import type { ResourceChange, StateInputs } from "./resource-changes.ts";
import { asFarAsTold, untoldOpenings, untoldRefusals } from "./untold-doors.ts";

/** The types whose rules are read here, whole. */
export const doorTypes = /^aws:(ec2|vpc)\/securityGroup(IngressRule|EgressRule|Rule)?:|^gcp:compute\/firewall:/;

/**
 * What a firewall rule lets in and keeps out by itself, before and after; and of what goes out, what may go farther. AWS's security groups
 * have many rules each, which are one door together.
 */
export function doorFacts({ type, name, before, after }: ResourceChange): Fact[] {
  const [was, is] = [before?.inputs, after?.inputs];
  const inwards = [was, is].map((inputs) => (isInForce(type, inputs) && !leadsOut(type, inputs) ? inputs : undefined));
  const outwards = [was, is].map((inputs) => (isInForce(type, inputs) && leadsOut(type, inputs) ? inputs : undefined));
  return [
    ...ruleFacts(type, name, `on ${name}`, inwards[0], inwards[1]),
    ...ruleFacts(type, name, `outwards on ${name}`, outwards[0], outwards[1]).map(untoldOutwards),
    ...nearFacts(name, outwards).map(untoldOutwards),
  ];
}

function isInForce(type: string, inputs: StateInputs): boolean {
  return !isGoogles(type) || inputs?.disabled !== true;
}

/** What may go out says nothing of who comes in, and what it opens nobody looks into. */
export function untoldOutwards(one: Fact): Fact {
  if (one.effect !== "widens") return one;
  return { ...one, effect: "unclear", note: "what may be reached by it is not looked into" };
}

/** @param where which way, and on what */
function ruleFacts(type: string, name: string, where: string, was: StateInputs, is: StateInputs): Fact[] {
  const [open, shut] = [`open ${where}`, `refused ${where}`];
  const opened = openingFacts(open, openings(type, was, "allows"), openings(type, is, "allows"));
  const refused = openingFacts(shut, openings(type, is, "denies"), openings(type, was, "denies"));
  return [
    ...asFarAsTold(open, opened, untoldOpenings(type, was, is)),
    ...(isGoogles(type)
      ? [
          ...asFarAsTold(shut, refused.map(turned), untoldRefusals(was, is)),
          ...targetFacts(name, was, is),
          ...priorityFacts(name, was, is),
        ]
      : []),
  ];
}

/** From which of their addresses machines go out by a rule of Google's; whether fewer of them are fewer, its kind decides. */
function nearFacts(name: string, [was, is]: readonly StateInputs[]): Fact[] {
  if (was === undefined || is === undefined) return [];
  const [before, after] = [was, is].map(({ sourceRanges }) => shownEach(sourceRanges).join(", ") || "all of theirs");
  return fact(`addresses that go outwards on ${name}`, before, after, { effect: "widens" });
}

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
