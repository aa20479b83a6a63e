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
  if (inputs.disabled === true) return [];
  const groups = [inputs.ingress, inputs.allows].filter(Array.isArray).flat().filter(isObject);
  const outer = rangesOf(inputs);
  // A firewall rule of Google's that names nobody is for everybody.
  if (outer.length === 0 && /^gcp:.*firewall:/i.test(type)) outer.push("0.0.0.0/0");
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
  "sourceTags",
  "sourceServiceAccounts",
  "prefixListIds",
  "prefixListId",
  "securityGroups",
  "sourceSecurityGroupId",
  "referencedSecurityGroupId",
];

function rangesOf(rule: Readonly<Record<string, unknown>>): string[] {
  const named = rangeFields.flatMap((field) => shownEach(rule[field]));
  return rule.self === true ? [...named, "its own members"] : named;
}

/** As `port 22`, with the protocol in front where it is not TCP. */
function portsOf(rule: Readonly<Record<string, unknown>>): string {
  const protocol = String(rule.protocol ?? rule.ipProtocol ?? "tcp").toLowerCase();
  if (["-1", "all"].includes(protocol)) return "every port";
  const named = namedPorts(rule);
  if (["tcp", "6"].includes(protocol)) return named ?? "every port of TCP";
  return named === undefined ? protocol : `${protocol} ${named}`;
}

function namedPorts({ ports, fromPort, toPort }: Readonly<Record<string, unknown>>): string | undefined {
  if (Array.isArray(ports)) return ports.length === 0 ? undefined : `port ${ports.join(", ")}`;
  if (fromPort === undefined) return undefined;
  return fromPort === toPort || toPort === undefined
    ? `port ${show(fromPort)}`
    : `ports ${show(fromPort)}-${show(toPort)}`;
}
