import type { Recorded } from "../drift/drift.ts";
import type { Fact } from "../facts.ts";
import { untoldOutwards } from "./door-facts.ts";
import { type GroupOf, groupsIn } from "./group-names.ts";
import { leftFacts, leftLists, withLeftList } from "./left-lists.ts";
import { madeByMachine } from "./made-by.ts";
import { openingFacts } from "./opening-facts.ts";
import { groupTypes, leadsOut, type Opening, openings, ruleTypes } from "./openings.ts";
import type { Preview } from "./preview.ts";
import { nameOf, type PreviewState, type PreviewStep, typeOf } from "./preview-step.ts";
import type { ResourceChange, StateInputs } from "./resource-changes.ts";
import { asFarAsTold, holdsUntold, untoldOpenings } from "./untold-doors.ts";

type Change = Pick<ResourceChange, "urn" | "type" | "name" | "before" | "after">;

/** What one resource gives a door, before or after. */
interface Part {
  readonly of: Change;
  readonly side: "before" | "after";
  /** Which door: that of a group, one way. What is in no group that can be told is one by itself. */
  readonly door: string;
  readonly name: string;
  readonly out: boolean;
  readonly openings: readonly Opening[];
  /** Whether it tells of others: it is seen whole, and nobody but an update has made it so. */
  readonly certain: boolean;
}

/** What the rules of AWS's security groups let through, of some of the changes of a preview. */
export type GroupDoors = (changes: readonly ResourceChange[]) => Fact[];

/** Whether a resource is a security group of AWS's, or a rule of one. */
export const isOfGroup = ({ type }: Pick<ResourceChange, "type">): boolean =>
  groupTypes.test(type) || ruleTypes.test(type);

/**
 * All rules of a group, of one direction, are one door: what was open by any of them, and what is open then, those that stay among them
 * where a preview shows them. A rule that moves to another group is gone from one door, and new in another.
 *
 * @param all every change of the preview
 * @param recorded what the last update left: what somebody has opened since is no reason for another rule to open more
 */
export function groupDoors(
  { steps, counts }: Preview,
  all: readonly ResourceChange[],
  recorded: ReadonlyMap<string, Recorded>,
): GroupDoors {
  const groupOf = groupsIn(steps);
  const same = steps.filter(({ op }) => op === "same");
  const lists = leftLists([...same.map(staying), ...all], steps);
  const partsOf = (change: Change) => partsIn(withLeftList(change, lists), groupOf, recorded);
  const standing = [...same.map(staying), ...all].filter(isOfGroup).flatMap(partsOf);
  const isUnseen = unseenIn({ steps, counts }, same, partsOf);
  return (changes) => {
    const doors = Map.groupBy(changes.filter(isOfGroup).flatMap(partsOf), ({ door }) => door);
    const told = [...doors].flatMap(([door, parts]) => {
      const beside = standing.filter((one) => one.door === door && one.certain);
      const facts = factsOf(parts, beside);
      return isUnseen(door) ? facts.map(unlessItStays) : facts;
    });
    return [...told, ...leftFacts(changes, lists)];
  };
}

function staying(step: PreviewStep): Change {
  const { urn, oldState, newState } = step;
  const [before, after] = [oldState ?? newState ?? undefined, newState ?? oldState ?? undefined];
  return { urn, type: typeOf(step), name: nameOf(urn), before, after };
}

/** Of which doors a preview does not show all that stays. By a look alone it shows what the state had, whatever was found. */
function unseenIn(
  { steps, counts }: Pick<Preview, "steps" | "counts">,
  same: readonly PreviewStep[],
  partsOf: (change: Change) => Part[],
): (door: string) => boolean {
  const looked = steps.filter(({ op, newState }) => op === "refresh" && newState);
  if (looked.length === 0) return () => same.length < (counts.same ?? 0);
  const doing = new Set(steps.filter(({ op }) => op !== "refresh").map(({ urn }) => urn));
  const unseen = looked.filter(({ urn }) => !doing.has(urn)).map(staying);
  const parts = unseen.filter(isOfGroup).flatMap(partsOf);
  const doors = new Set(parts.filter((one) => one.openings.length > 0).map(({ door }) => door));
  return (door) => doors.has(door);
}

function factsOf(parts: readonly Part[], beside: readonly Part[]): Fact[] {
  const [{ name, out } = { name: "", out: false }] = parts;
  const what = `open ${out ? "outwards on" : "on"} ${name}`;
  const open = (of: readonly Part[], side: Part["side"]) =>
    of.filter((one) => one.side === side).flatMap((one) => one.openings);
  const others = { before: open(beside, "before"), after: open(beside, "after") };
  const compared = (of: readonly Part[]) => openingFacts(what, open(of, "before"), open(of, "after"), others);
  // A new machine of the components' has a way out that its kind always has.
  const told = parts.filter(({ of }) => !(out && of.before === undefined && madeByMachine(of)));
  // What is not known whole, or was changed by somebody, is compared by itself with what others are known to let through.
  const alone = Map.groupBy(
    told.filter(({ of }) => parts.some((one) => one.of === of && !one.certain)),
    ({ of }) => of,
  );
  const facts = [
    ...compared(told.filter(({ of }) => !alone.has(of))),
    ...[...alone].flatMap(([{ type, before, after }, own]) =>
      asFarAsTold(what, compared(own), untoldOpenings(type, before?.inputs, after?.inputs)),
    ),
  ];
  return out ? facts.map(untoldOutwards) : facts;
}

function partsIn(change: Change, groupOf: GroupOf, recorded: ReadonlyMap<string, Recorded>): Part[] {
  const { urn, name, type, before, after } = change;
  const part = (side: Part["side"], state: PreviewState): Part => {
    const { inputs } = state;
    const [group, out] = [groupOf(urn, state), leadsOut(type, inputs)];
    const isKnown = side === "after" || isAsLeft(urn, type, inputs, recorded);
    return {
      ...{ of: change, side, out, name: group?.name ?? name, door: `${out ? "out" : "in"} ${group?.key ?? urn}` },
      openings: openings(type, inputs, "allows"),
      certain: isKnown && !isUntoldDoor(type, inputs),
    };
  };
  return [...(before ? [part("before", before)] : []), ...(after ? [part("after", after)] : [])];
}

/** Whether a preview does not tell all that decides what a rule, or a group's own list, lets through. */
function isUntoldDoor(type: string, inputs: StateInputs = {}): boolean {
  if (groupTypes.test(type)) return holdsUntold(inputs.ingress);
  const { securityGroupId: _, description: __, tags: ___, ...rule } = inputs;
  return holdsUntold(rule);
}

/** Whether a look has found what the last update left, as far as it lets through anything. */
function isAsLeft(urn: string, type: string, found: StateInputs, recorded: ReadonlyMap<string, Recorded>): boolean {
  if (recorded.size === 0) return true;
  const left = recorded.get(urn)?.inputs;
  const text = (inputs: StateInputs) =>
    JSON.stringify([
      inputs?.securityGroupId,
      leadsOut(type, inputs),
      openings(type, inputs, "allows")
        .map(({ range, ports }) => `${range} ${ports.shown}`)
        .sort(),
    ]);
  return left !== undefined && text(left) === text(found);
}

const unlessItStays = (one: Fact): Fact =>
  one.effect === "narrows"
    ? { ...one, note: "unless a rule that stays opens it, too: pulumi preview --show-sames shows those" }
    : one;
