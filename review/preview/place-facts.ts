import { type Fact, fact, listFacts } from "../facts.ts";
import { isObject, isUntold, knownLater, shownEach } from "../values.ts";
import type { ResourceChange, StateInputs } from "./resource-changes.ts";
import { notTold } from "./untold-doors.ts";

/** Where a cloud machine stands: whether it has a public address, and which rules are for it. Of a new one its doors tell. */
export function placeFacts({ type, name, before, after }: ResourceChange): Fact[] {
  const [was, is] = [before?.inputs, after?.inputs];
  if (was === undefined || is === undefined || !/^(aws:ec2|gcp:compute)\/instance:Instance$/.test(type)) return [];
  const has = hasAddress(is);
  const rules = listFacts(`rules for ${name}`, rulesOf(was), rulesOf(is));
  return [
    ...fact(`public address of ${name}`, hasAddress(was), has, effects[has]),
    ...rules.map(
      (one): Fact => ({ ...one, effect: "unclear", note: "what these rules let in is not known from here" }),
    ),
  ];
}

const effects = {
  yes: { effect: "widens" },
  no: { effect: "narrows" },
  [knownLater]: { effect: "unclear", note: notTold },
} as const;

function hasAddress({
  networkInterfaces,
  associatePublicIpAddress,
}: Exclude<StateInputs, undefined>): keyof typeof effects {
  const interfaces = [networkInterfaces ?? []].flat();
  const configs = interfaces.filter(isObject).flatMap((one) => [one.accessConfigs, one.ipv6AccessConfigs]);
  if (associatePublicIpAddress === true || configs.some((list) => Array.isArray(list) && list.length > 0)) return "yes";
  return [associatePublicIpAddress, ...interfaces, ...configs].some(isUntold) ? knownLater : "no";
}

/** Google's by network tag, Amazon's by security group. */
function rulesOf({ tags, vpcSecurityGroupIds }: Exclude<StateInputs, undefined>): string[] {
  return [...(Array.isArray(tags) ? shownEach(tags) : []), ...shownEach(vpcSecurityGroupIds)];
}
