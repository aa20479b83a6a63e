import { standingMachines } from "./declared-machines.ts";
import type { Planned } from "./preview-fixture.ts";

type Properties = Record<string, unknown>;

const [, standing = []] = standingMachines().find(([name]) => name === "aws-public.yaml") ?? [];
const named = (name: string) => standing.find((one) => one.name === name) as Planned;

/** The security group of a machine on AWS, whose `machine.access` lists addresses, and its way out, as they stand; all of it shown. */
export const machineGroup: readonly Planned[] = ["machine-group", "machine-out"].map((name) => ({
  ...named(name),
  seen: {},
}));

/** A rule as the components make one for each range of `machine.access.cidrs`. */
export function sshRule(cidr: string, more: Properties = {}): Properties {
  const { cidrIpv4: _, ...inputs } = named("machine-ssh-203.0.113.0/24").after ?? {};
  return { ...inputs, [cidr.includes(":") ? "cidrIpv6" : "cidrIpv4"]: cidr, ...more };
}

/** What a preview shows of those rules where the list changes; with those that stay, as by `--show-sames`. */
export function sshRules(before: readonly string[], after: readonly string[]): Planned[] {
  const { type, parent, parentName } = named("machine-ssh-203.0.113.0/24");
  return [...new Set([...before, ...after])].map((cidr) => {
    const [was, is] = [before, after].map((cidrs) => cidrs.includes(cidr));
    return {
      ...{ type, parent, parentName, name: `machine-ssh-${cidr}`, id: `sgr-${cidr}` },
      ...(was && { before: sshRule(cidr) }),
      ...(is && { after: sshRule(cidr) }),
      ...(was && is && { seen: {} }),
    };
  });
}
