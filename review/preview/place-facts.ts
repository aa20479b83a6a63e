import { type Fact, fact, listFacts } from "../facts.ts";
import { isObject, shownEach } from "../values.ts";
import type { ResourceChange, StateInputs } from "./resource-changes.ts";

/** Where a cloud machine stands: whether it has a public address, and which rules are for it. Of a new one its doors tell. */
export function placeFacts({ type, name, before, after }: ResourceChange): Fact[] {
  const [was, is] = [before?.inputs, after?.inputs];
  if (was === undefined || is === undefined || !/^(aws:ec2|gcp:compute)\/instance:Instance$/.test(type)) return [];
  const [had, has] = [hasAddress(was), hasAddress(is)].map((public_) => (public_ ? "yes" : "no"));
  const rules = listFacts(`rules for ${name}`, rulesOf(was), rulesOf(is));
  return [
    ...fact(`public address of ${name}`, had, has, { effect: has === "yes" ? "widens" : "narrows" }),
    ...rules.map(
      (one): Fact => ({ ...one, effect: "unclear", note: "what these rules let in is not known from here" }),
    ),
  ];
}

function hasAddress({ networkInterfaces, associatePublicIpAddress }: Exclude<StateInputs, undefined>): boolean {
  const interfaces = Array.isArray(networkInterfaces) ? networkInterfaces.filter(isObject) : [];
  const configs = interfaces.flatMap((one) => [one.accessConfigs, one.ipv6AccessConfigs]);
  return associatePublicIpAddress === true || configs.some((list) => Array.isArray(list) && list.length > 0);
}

/** Google's by network tag, Amazon's by security group. */
function rulesOf({ tags, vpcSecurityGroupIds }: Exclude<StateInputs, undefined>): string[] {
  return [...(Array.isArray(tags) ? shownEach(tags) : []), ...shownEach(vpcSecurityGroupIds)];
}
