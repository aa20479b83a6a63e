import { type Fact, listFacts } from "./facts.ts";
import { rangeFacts } from "./range-facts.ts";
import { type ResourceChange, type StateInputs, statesOf } from "./resource-changes.ts";
import { chatFacts, serverFacts } from "./telegram-facts.ts";
import { tunnelFacts } from "./tunnel-facts.ts";
import { isObject, show, shownEach } from "./values.ts";

/** Who can reach the machine or the agent: ports, address ranges, tunnels, chats. */
export function exposureFacts(changes: readonly ResourceChange[]): Fact[] {
  return [
    ...changes.flatMap(({ type, name, before, after }) => {
      if (!/securityGroup|firewall/i.test(type)) return [];
      return openingFacts(name, openings(type, before?.inputs), openings(type, after?.inputs));
    }),
    ...statesOf(changes, /tunnelInstanceIAM(Member|Binding)/i).flatMap(([before, after]) =>
      listFacts("may open IAP tunnels", members(before), members(after)),
    ),
    ...statesOf(changes, /:CloudflareTunnel$/).flatMap(([before, after]) => tunnelFacts(before, after)),
    ...statesOf(changes, /:TelegramBridge$/).flatMap(([before, after]) => [
      ...chatFacts(before, after),
      ...serverFacts(before, after),
    ]),
  ];
}

function members(inputs: StateInputs): string[] {
  return shownEach(inputs?.member ?? inputs?.members);
}

interface Opening {
  readonly range: string;
  readonly ports: string;
}

function openingFacts(name: string, before: readonly Opening[], after: readonly Opening[]): Fact[] {
  const ports = [...new Set([...before, ...after].map((opening) => opening.ports))];
  const rangesOn = (openings: readonly Opening[], port: string) =>
    openings.filter((opening) => opening.ports === port).map(({ range }) => range);
  return ports.flatMap((port) =>
    rangeFacts(`open on ${name}`, rangesOn(before, port), rangesOn(after, port), (range) => `${range} to ${port}`),
  );
}

// A rule group has a list of rules; newer types of the providers are one rule each.
function openings(type: string, inputs: StateInputs): Opening[] {
  if (inputs === undefined || /egress/i.test(type) || inputs.direction === "EGRESS" || inputs.type === "egress")
    return [];
  const groups = [inputs.ingress, inputs.allows].filter(Array.isArray).flat().filter(isObject);
  const outer = rangesOf(inputs);
  return (groups.length === 0 ? [inputs] : groups).flatMap((group) => {
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
  "prefixListIds",
  "prefixListId",
  "securityGroups",
  "sourceSecurityGroupId",
  "referencedSecurityGroupId",
];

function rangesOf(rule: Readonly<Record<string, unknown>>): string[] {
  return rangeFields.flatMap((field) => shownEach(rule[field]));
}

function portsOf(rule: Readonly<Record<string, unknown>>): string {
  if (Array.isArray(rule.ports)) return `port ${rule.ports.join(", ")}`;
  const { fromPort, toPort } = rule;
  if (rule.protocol === "-1" || rule.ipProtocol === "-1" || fromPort === undefined) return "every port";
  return fromPort === toPort || toPort === undefined
    ? `port ${show(fromPort)}`
    : `ports ${show(fromPort)}-${show(toPort)}`;
}
