import fc from "fast-check";
import { expect, test } from "vitest";
import { type Report, verdictOf } from "../../review/report.ts";
import type { Planned } from "../support/preview-fixture.ts";
import { reviewed } from "../support/reviewed.ts";

/** What a rule is about, of a world with sixteen addresses and four ports. */
interface Rule {
  readonly network: number;
  readonly bits: number;
  readonly protocol: "tcp" | "udp" | "-1";
  readonly ports: readonly [number, number];
  /** Whether it is in the first or in the second group. */
  readonly group: 1 | 2;
}

const rule: fc.Arbitrary<Rule> = fc
  .record({
    network: fc.nat(15),
    bits: fc.integer({ min: 28, max: 32 }),
    protocol: fc.constantFrom("tcp" as const, "tcp" as const, "udp" as const, "-1" as const),
    ports: fc.tuple(fc.nat(3), fc.nat(3)).map(([one, other]) => [Math.min(one, other), Math.max(one, other)] as const),
    group: fc.constantFrom(1 as const, 1 as const, 1 as const, 2 as const),
  })
  .map((one) => ({ ...one, network: one.network - (one.network % 2 ** (32 - one.bits)) }));
const rules = fc.array(rule, { maxLength: 6 });

type Form = "own" | "older" | "listed";
const form = fc.constantFrom<Form>("own", "older", "listed");

const where = ({ protocol, ports }: Rule) =>
  protocol === "-1" ? {} : { fromPort: 10 + ports[0], toPort: 10 + ports[1] };
const cidr = ({ network, bits }: Rule) => `10.0.0.${network}/${bits}`;

/** A set of rules as resources, by name: one rule each, the older type with all that are for the same ports, or a group's own list. */
function resources(
  set: readonly Rule[],
  as: Form,
  names: string,
): Map<string, readonly [type: string, inputs: object]> {
  const of = (type: string, name: string, inputs: object) => [name, [type, inputs]] as const;
  const inGroup = ({ group }: Rule) => ({ securityGroupId: `sg-${group}` });
  if (as === "own")
    return new Map(
      set.map((one, at) =>
        of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", `${names}${at}`, {
          ...{ ...inGroup(one), ...where(one), ipProtocol: one.protocol, cidrIpv4: cidr(one) },
        }),
      ),
    );
  if (as === "older")
    return new Map(
      [...Map.groupBy(set, (one) => JSON.stringify([where(one), one.protocol, one.group]))].map(([key, same]) => {
        const [one] = same as [Rule];
        const ports = { ...where(one), protocol: one.protocol, type: "ingress" };
        return of("aws:ec2/securityGroupRule:SecurityGroupRule", `${names}${key}`, {
          ...{ ...inGroup(one), ...ports, cidrBlocks: same.map(cidr) },
        });
      }),
    );
  return new Map(
    [1, 2].map((group) =>
      of("aws:ec2/securityGroup:SecurityGroup", `sg-${group}`, {
        vpcId: "v",
        ingress: set
          .filter((one) => one.group === group)
          .map((one) => ({ ...where(one), protocol: one.protocol, cidrBlocks: [cidr(one)] })),
      }),
    ),
  );
}

interface Sets {
  readonly before: readonly Rule[];
  readonly after: readonly Rule[];
  readonly both: readonly Rule[];
  readonly from: Form;
  readonly to: Form;
  /** Whether a preview shows what stays. */
  readonly shown: boolean;
}

/** What a preview shows of rules that go, that come, and that stay. */
function planned({ before, after, both, from, to, shown }: Sets): Planned[] {
  // Where what stays is not shown, none of them may be one of these.
  const [was, is] = [resources(before, from, shown ? from : "was"), resources(after, to, shown ? to : "is")];
  const names = [...new Set([...was.keys(), ...is.keys()])];
  const group = (id: string) => ({ id, type: "aws:ec2/securityGroup:SecurityGroup", name: id });
  const bare = from === "listed" || to === "listed" ? [] : ["sg-1", "sg-2"];
  const standing = (one: Planned, inputs: object): Planned => ({
    ...{ ...one, before: { ...inputs }, after: { ...inputs } },
    ...(shown && { seen: {} }),
  });
  return [
    ...bare.map((id) => standing(group(id), { vpcId: "v" })),
    ...[...resources(both, "own", "stays")].map(([name, [type, inputs]]) => standing({ type, name }, inputs)),
    ...names.map((name): Planned => {
      const [type = ""] = was.get(name) ?? is.get(name) ?? [];
      const isGroup = name.startsWith("sg-");
      const [old, now] = [was, is].map(
        (all) => all.get(name)?.[1] ?? (isGroup ? { vpcId: "v", ingress: [] } : undefined),
      );
      return {
        ...(isGroup ? group(name) : { type, name }),
        ...{ before: old && { ...old }, after: now && { ...now } },
        ...(JSON.stringify(old) === JSON.stringify(now) && shown && { seen: {} }),
      };
    }),
  ];
}

const talks = [1, 2].flatMap((group) =>
  Array.from({ length: 16 }, (_, address) =>
    ["tcp", "udp", "icmp"].flatMap((protocol) => [0, 1, 2, 3].map((port) => ({ group, address, protocol, port }))),
  ).flat(),
);

function isOpen(set: readonly Rule[], { group, address, protocol, port }: (typeof talks)[number]): boolean {
  return set.some(
    (one) =>
      one.group === group &&
      Math.floor(address / 2 ** (32 - one.bits)) === one.network / 2 ** (32 - one.bits) &&
      (one.protocol === "-1" || (one.protocol === protocol && one.ports[0] <= port && port <= one.ports[1])),
  );
}

const isAlarm = ({ exposure }: Report) => exposure.some(({ effect }) => effect === "widens" || effect === "unclear");

const sets = fc.record({ before: rules, after: rules, both: rules, from: form, to: form });

test("what is open then and was not is always told as widening, and nothing else is", () => {
  fc.assert(
    fc.property(sets, ({ before, after, both, ...forms }) => {
      const report = reviewed(...planned({ before, after, both, ...forms, shown: true }));
      const [was, is] = [
        [...before, ...both],
        [...after, ...both],
      ];
      const isWider = talks.some((talk) => isOpen(is, talk) && !isOpen(was, talk));
      const isNarrower = talks.some((talk) => isOpen(was, talk) && !isOpen(is, talk));
      expect(isAlarm(report)).toBe(isWider);
      expect(verdictOf({ ...report, guardrails: undefined }).headline.startsWith("Widens")).toBe(isWider);
      expect(report.exposure.some(({ effect }) => effect === "narrows")).toBe(isNarrower);
    }),
    { numRuns: 300 },
  );
}, 60_000);

test("nor is it hidden where the preview does not show what stays, nor anything called the same but by what it shows", () => {
  fc.assert(
    fc.property(sets, ({ before, after, both, ...forms }) => {
      const report = reviewed(...planned({ before, after, both, ...forms, shown: false }));
      // What is wider with all that stays is so without it.
      expect(isAlarm(report)).toBe(talks.some((talk) => isOpen(after, talk) && !isOpen(before, talk)));
    }),
    { numRuns: 300 },
  );
}, 60_000);
