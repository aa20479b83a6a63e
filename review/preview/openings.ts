import { isObject, isUntold, shownEach } from "../values.ts";
import { type Ports, portsOf } from "./ports.ts";
import type { StateInputs } from "./resource-changes.ts";

/** One thing that a rule is about: from where, or to where, and by which ports. */
export interface Opening {
  readonly range: string;
  readonly ports: Ports;
}

/** AWS's groups, which may have a list of rules. */
export const groupTypes = /^aws:ec2\/(securityGroup|defaultSecurityGroup):/;
/** AWS's rules that stand alone. */
export const ruleTypes = /^aws:(ec2|vpc)\/securityGroup(IngressRule|EgressRule|Rule):/;
const googleTypes = /^gcp:compute\/firewall:/;

const rangesOfAmazon = [
  ...["cidrBlocks", "ipv6CidrBlocks", "cidrIpv4", "cidrIpv6", "prefixListIds", "prefixListId"],
  ...["securityGroups", "sourceSecurityGroupId", "referencedSecurityGroupId"],
];
const rangesOfGoogle = ["sourceRanges", "sourceTags", "sourceServiceAccounts"];
/** To whom a rule for what goes out leads; what it names as sources is who goes there. */
const farEndsOfGoogle = ["destinationRanges"];

/**
 * What is read of them; each cloud's words count for its own types. To which addresses of its own a rule of Google's is, and a group's
 * list of what goes out, is not.
 */
export const doorProperties: readonly (readonly [types: RegExp, properties: readonly string[]])[] = [
  [/^aws:(ec2|vpc)\/securityGroup:/, ["ingress"]],
  [ruleTypes, [...rangesOfAmazon, "self", "type", "protocol", "ipProtocol", "fromPort", "toPort", "securityGroupId"]],
  [
    googleTypes,
    [
      ...[...rangesOfGoogle, "allows", "denies", "disabled", "direction", "priority"],
      ...["targetTags", "targetServiceAccounts"],
    ],
  ],
];

/** Whether Google's words are what a type is written in. */
export const isGoogles = (type: string): boolean => /^gcp:.*firewall:/i.test(type);

/** Whether a rule is for what goes out. */
export function leadsOut(type: string, inputs: StateInputs): boolean {
  if (isGoogles(type)) return inputs?.direction === "EGRESS";
  if (/egress/i.test(type)) return true;
  // The newer types say it by themselves, and a group by which of its lists it is.
  return !groupTypes.test(type) && !/IngressRule:/.test(type) && inputs?.type === "egress";
}

/** What a door lets through, or of Google's refuses. */
export function openings(type: string, inputs: StateInputs, kind: "allows" | "denies"): Opening[] {
  if (inputs === undefined) return [];
  if (isGoogles(type)) return googleOpenings(inputs, kind, leadsOut(type, inputs));
  if (kind === "denies") return [];
  return [
    ...(groupTypes.test(type) ? [] : entryOpenings(inputs)),
    ...(ruleTypes.test(type) ? [] : listedOpenings(inputs.ingress)),
  ];
}

/** What a list of a group's lets through, as a program writes it or as a look finds it. */
export function listedOpenings(list: unknown): Opening[] {
  return Array.isArray(list) ? list.filter(isObject).flatMap(entryOpenings) : [];
}

function entryOpenings(rule: Readonly<Record<string, unknown>>): Opening[] {
  const own = rule.self === true ? ["its own members"] : [];
  return [...rangesIn(rule, rangesOfAmazon), ...own].map((range) => ({ range, ports: portsOf(rule) }));
}

// A rule of Google's that names nobody is for everybody, and has a list of what it allows or refuses.
function googleOpenings(
  inputs: Readonly<Record<string, unknown>>,
  kind: "allows" | "denies",
  outwards: boolean,
): Opening[] {
  const ranges = rangesIn(inputs, outwards ? farEndsOfGoogle : rangesOfGoogle);
  const list = inputs[kind];
  const groups = Array.isArray(list) ? list.filter(isObject) : [];
  const isAlone = kind === "allows" && groups.length === 0 && inputs.denies === undefined && !isUntold(list);
  return (isAlone ? [inputs] : groups).flatMap((group) =>
    (ranges.length > 0 ? ranges : ["0.0.0.0/0"]).map((range) => ({ range, ports: portsOf(group) })),
  );
}

function rangesIn(rule: Readonly<Record<string, unknown>>, fields: readonly string[]): string[] {
  return fields.flatMap((field) => shownEach(rule[field]));
}
