import { type Fact, fact, listFacts } from "../facts.ts";
import { knownLater, shownEach } from "../values.ts";
import { doorTypes } from "./door-facts.ts";
import { machineTypes } from "./machine-types.ts";
import { madeByMachine } from "./made-by.ts";
import type { IsOwn } from "./own-names.ts";
import { publicAddress } from "./public-address.ts";
import type { ResourceChange, StateInputs } from "./resource-changes.ts";
import { notTold } from "./untold-doors.ts";

/**
 * Where a cloud machine stands: whether it has a public address, and which rules are for it. Of a new one of the components' its doors
 * tell, unless it is put behind others than the stack's own; another one may stand behind doors that are no news.
 *
 * @param isOwn whether what is named is the stack's own
 */
export function placeFacts(change: ResourceChange, isOwn: IsOwn): Fact[] {
  const { type, name, before, after } = change;
  const [was, is] = [before?.inputs, after?.inputs];
  if (is === undefined || !machineTypes.test(type)) return [];
  const untold = (one: Fact): Fact => ({
    ...one,
    effect: "unclear",
    note: "what these rules let in is not known from here",
  });
  const [address, has] = [`public address of ${name}`, publicAddress(is)] as const;
  if (was === undefined) {
    const others = rulesOf(is).filter((one) => one !== knownLater && !isOwn(doorTypes, one));
    const told = others.map((one) => untold({ what: `rules for ${name}`, after: one }));
    return has === "no" || madeByMachine(change) ? told : [...fact(address, undefined, has, effects[has]), ...told];
  }
  return [
    ...fact(address, publicAddress(was), has, effects[has]),
    ...listFacts(`rules for ${name}`, rulesOf(was), rulesOf(is)).map(untold),
  ];
}

const effects = {
  yes: { effect: "widens" },
  no: { effect: "narrows" },
  [knownLater]: { effect: "unclear", note: notTold },
} as const;

/** Google's by network tag, Amazon's by security group. */
function rulesOf({ tags, vpcSecurityGroupIds, securityGroups }: Exclude<StateInputs, undefined>): string[] {
  return [
    ...(Array.isArray(tags) ? shownEach(tags) : []),
    ...shownEach(vpcSecurityGroupIds),
    ...shownEach(securityGroups),
  ];
}
