import type { Fact } from "../facts.ts";
import { shown, shownEach, valueChanges } from "../values.ts";
import { isOfAccess } from "./access-properties.ts";
import { untoldOutwards } from "./door-facts.ts";
import { isNothing } from "./given-forms.ts";
import { overlap } from "./input-changes.ts";
import type { LookedAt, Properties } from "./looked-at.ts";
import { isOpen, openingFacts } from "./opening-facts.ts";
import { groupTypes, listedOpenings, type Opening } from "./openings.ts";
import { type Around, nameIn, ownPolicies, ownRules } from "./own-entries.ts";
import { propertyPath, valueAt } from "./property-path.ts";
import { asFarAsTold, holdsUntold } from "./untold-doors.ts";

/** What a look found of one resource that lets in more, that the stack does not manage, and that no update touches. */
export interface Beside {
  readonly urn: string;
  readonly type: string;
  readonly property: string;
  readonly facts: readonly Fact[];
}

type Told = readonly [property: string, facts: readonly Fact[]];

const role = /^aws:iam\/role:/;
/** Of Google's its provider names whatever is otherwise than the program gives it. */
const machine = /^aws:ec2\/instance:/;

const note = "made without an update, beside what the stack manages: an update leaves it so";

/**
 * Rules of a security group, policies of a role and rights of a machine that are none of the stack's own. AWS's provider writes all that
 * there are into the outputs, the stack's own among them, and an update touches none that the program does not give there. What
 * the state had before the look is no news where somebody has taken note of it: where it did not lie within the stack's own.
 *
 * @param all what a look has found to be there
 */
export function openedBeside(all: readonly LookedAt[], around: Around): Beside[] {
  return all
    .filter(({ goes }) => !goes)
    .flatMap((one) => {
      const { urn, type, found } = one;
      const change = around.changes.find((other) => other.urn === urn);
      const known = [...(change?.values ?? []), ...(change?.named ?? [])];
      const isTold = (property: string) => known.some(({ path }) => overlap(path, property));
      if (found === undefined) return [];
      return toldOf({ ...one, found }, all, around).flatMap(([property, facts]) => {
        if (facts.length === 0 || isTold(property)) return [];
        return [{ urn, type, property, facts: facts.map((each) => ({ ...each, note })) }];
      });
    });
}

/** The names of those of which a preview does not show what a look found: it leaves out what stays, unless it is asked not to. */
export function unseenBeside(all: readonly LookedAt[]): string[] {
  const isAsked = ({ type, goes }: LookedAt) => !goes && [groupTypes, role, machine].some((types) => types.test(type));
  return all.filter((one) => isAsked(one) && one.found === undefined).map(({ name }) => name);
}

interface Found extends LookedAt {
  readonly found: Properties;
}

function toldOf(one: Found, all: readonly LookedAt[], around: Around): Told[] {
  if (groupTypes.test(one.type)) return [openings(one, all, around, "ingress"), openings(one, all, around, "egress")];
  if (role.test(one.type)) return policies(one, all);
  return machine.test(one.type) ? rights(one) : [];
}

function openings(one: Found, all: readonly LookedAt[], around: Around, way: "ingress" | "egress"): Told {
  const { name, inputs, recorded, found } = one;
  // What the program gives there itself is all there is to be.
  if (!isNothing(inputs[way]) || !Array.isArray(found[way])) return [way, []];
  const [what, asTold] = way === "egress" ? [`open outwards on ${name}`, untoldOutwards] : [`open on ${name}`, asIs];
  const own = ownRules(one, all, around, way);
  // Within an own rule nobody was told of it, so it is news once that rule goes.
  const known = listedOpenings(recorded[way]).filter((each) => !isOpen(each, own.had));
  // What is narrower than an own rule that goes would be left alone, so of those only what is the same is theirs.
  const others = listedOpenings(found[way]).filter((each) => !own.found.some((rule) => isSameOpening(each, rule)));
  const facts = openingFacts(what, [...own.wanted, ...known], others).map(asTold);
  const untold = holdsUntold(found[way]) && (own.found.length > 0 || isOther(listIn(recorded[way]), found[way]));
  return [
    way,
    asFarAsTold(what, facts, untold).filter(
      ({ after, effect }) => after !== undefined && (effect === "widens" || effect === "unclear"),
    ),
  ];
}

function policies(one: Found, all: readonly LookedAt[]): Told[] {
  const [attached, inline] = ownPolicies(one, all);
  const of = (property: string, own: readonly string[], named: (entry: unknown) => string[]): Told => {
    if (!isNothing(one.inputs[property])) return [property, []];
    const recorded = listIn(one.recorded[property]);
    const news = listIn(one.found[property]).filter((entry) => recorded.every((had) => isOther(had, entry)));
    const others = news.flatMap(named).filter((name) => !own.includes(name));
    return [
      property,
      others.map((after) => ({ what: `what ${one.name} may do in the cloud`, after, effect: "unclear" })),
    ];
  };
  return [of("managedPolicyArns", attached, shownEach), of("inlinePolicies", inline, nameIn)];
}

/** What a machine was given of what its provider takes as it is, where the program says nothing of it: a profile, above all. */
function rights({ name, type, inputs, recorded, found }: Found): Told[] {
  return valueChanges(recorded, found).flatMap(({ path, before, after }): Told[] => {
    const at = propertyPath(path);
    const isGiven = [at, ...(at[0] === groups ? [[groupNames]] : [])].some((each) => !isNothing(valueAt(inputs, each)));
    if (!isOfAccess(type, at) || isGiven || isNothing(after) || at[0] === groupNames) return [];
    // A property that a newer provider writes was there before, too.
    if (before === undefined && at.length > 1 && !isNothing(valueAt(recorded, at.slice(0, 1)))) return [];
    return [[path, [{ what: `${path} of ${name}`, before: shown(before), after: shown(after), effect: "unclear" }]]];
  });
}

/** A machine's groups are written twice where it is in the default network: also by their names. */
const [groups, groupNames] = ["vpcSecurityGroupIds", "securityGroups"];

const isSameOpening = (one: Opening, other: Opening) => isOpen(one, [other]) && isOpen(other, [one]);
const asIs = (one: Fact): Fact => one;
const isOther = (one: unknown, other: unknown) => valueChanges(one, other).length > 0;
const listIn = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
