import { isEverybody } from "./cidr.ts";
import { acceptedRisk, acceptsRisk, at, eachOf, type Guardrail, listAt, type Violation } from "./guardrail.ts";

type Found = Omit<Violation, "resource">;

const ruleTypes = ["aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"];
const oldRuleTypes = ["aws:ec2/securityGroupRule:SecurityGroupRule"];
const groupTypes = ["aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"];
const firewallTypes = ["gcp:compute/firewall:Firewall"];

/** SSH is reached from listed addresses or not at all. */
export const noOpenSsh: Guardrail = {
  name: "no-open-ssh",
  rule: "No rule lets the whole internet reach port 22",
  reason: "an open SSH port is tried by strangers within minutes, and one leaked key is then enough",
  wayOut: `list your own addresses, or start the rule's description with "${acceptedRisk}" and why (machine.access.fromAnywhere)`,
  check: eachOf([...ruleTypes, ...oldRuleTypes, ...groupTypes, ...firewallTypes], ({ type, props }) => {
    if (ruleTypes.includes(type)) return portRule(props, ["cidrIpv4", "cidrIpv6"]);
    if (oldRuleTypes.includes(type)) {
      return at(props, "type") === "ingress" ? portRule(props, ["cidrBlocks", "ipv6CidrBlocks"]) : [];
    }
    if (groupTypes.includes(type)) {
      return listAt(props, "ingress").flatMap((rule, index) =>
        portRule(rule, ["cidrBlocks", "ipv6CidrBlocks"]).map((found) => ({
          ...found,
          path: `ingress[${index}].${found.path}`,
        })),
      );
    }
    return firewall(props);
  }),
};

function portRule(rule: unknown, keys: readonly string[]): Found[] {
  if (!hasSsh(at(rule, "ipProtocol") ?? at(rule, "protocol"), at(rule, "fromPort"), at(rule, "toPort"))) return [];
  if (acceptsRisk(at(rule, "description"))) return [];
  return keys.flatMap((key) => [at(rule, key) ?? []].flat().flatMap((cidr) => open(cidr, key)));
}

function firewall(props: unknown): Found[] {
  if (at(props, "direction") === "EGRESS" || at(props, "disabled") === true || acceptsRisk(at(props, "description")))
    return [];
  const ssh = listAt(props, "allows").some((allow) => {
    const ports = listAt(allow, "ports").map(String);
    const protocol = at(allow, "protocol");
    if (ports.length === 0) return hasSsh(protocol, undefined, undefined);
    return ports.some((port) => hasSsh(protocol, ...(port.split("-").map(Number) as [number, number?])));
  });
  if (!ssh) return [];
  const ranges = listAt(props, "sourceRanges");
  // Without a source of any kind, Google takes a rule to be for everybody.
  const sources = ["sourceRanges", "sourceTags", "sourceServiceAccounts"];
  if (sources.every((key) => (props as Record<string, unknown>)[key] === undefined))
    return open("0.0.0.0/0", "sourceRanges");
  return ranges.flatMap((range) => open(range, "sourceRanges"));
}

function hasSsh(protocol: unknown, from: unknown, to: unknown): boolean {
  if (!["tcp", "6", "all", "-1", undefined].includes(protocol as string | undefined)) return false;
  if (typeof from !== "number" || ["all", "-1"].includes(protocol as string)) return true;
  return from <= 22 && (typeof to === "number" ? to : from) >= 22;
}

function open(cidr: unknown, path: string): Found[] {
  return typeof cidr === "string" && isEverybody(cidr) ? [{ path, message: `${cidr} may reach SSH` }] : [];
}
