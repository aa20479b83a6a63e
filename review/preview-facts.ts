import { isIP } from "node:net";
import { covered } from "../policies/diff/addresses.ts";
import { type Fact, fact, listFacts } from "./facts.ts";
import { isMachine } from "./losses.ts";
import type { ResourceChange } from "./resource-changes.ts";
import { isObject, show, valueChanges } from "./values.ts";

type Inputs = Readonly<Record<string, unknown>> | undefined;

/** Model and provider, as the changes of a preview have them. */
export function modelFacts(changes: readonly ResourceChange[]): Fact[] {
  return ofType(changes, /:InferenceRoute$/).flatMap(([before, after]) => [
    ...fact("model", text(before?.model), text(after?.model)),
    ...fact("sent to", text(before?.baseUrl), text(after?.baseUrl), {
      effect: after === undefined ? "narrows" : "widens",
      note: "what the agent writes goes there",
    }),
  ]);
}

/** What an hour of a machine size costs, roughly: `up to $5 an hour`; undefined of one that is not known. */
export type PriceOf = (machineType: string) => string | undefined;

/** The note on a machine size that changes. */
export function priceNote(before: string | undefined, after: string | undefined, priceOf: PriceOf): string | undefined {
  const [was, is] = [before, after].map((type) => (type === undefined ? undefined : priceOf(type)));
  if (before === undefined || after === undefined) return is ?? was;
  if (was === undefined && is === undefined) return "another price";
  return was === is ? `${is}, as before` : `${was ?? "a price not known here"}, then ${is ?? "one not known here"}`;
}

/** Versions, sizes and images. */
export function versionFacts(changes: readonly ResourceChange[], priceOf: PriceOf): Fact[] {
  return [
    ...ofType(changes, /^nemoclaw:host:Sandbox$/).flatMap(([before, after]) => [
      ...fact("agent", version(before?.agent), version(after?.agent)),
      ...limits(before?.limits, after?.limits),
    ]),
    ...ofType(changes, /^nemoclaw:host:SandboxRuntime$/).flatMap(([before, after]) => {
      const [was, is] = [before?.versions, after?.versions].map((one) => (isObject(one) ? one : {}));
      return Object.keys({ ...was, ...is }).flatMap((name) => fact(name, text(was?.[name]), text(is?.[name])));
    }),
    ...changes
      .filter(({ type }) => isMachine(type))
      .flatMap(({ before, after }) =>
        ["instanceType", "machineType", "ami", "image", "bootDisk", "memory"].flatMap((key) =>
          sized(key, text(before?.inputs?.[key]), text(after?.inputs?.[key]), priceOf),
        ),
      ),
    ...changes.flatMap(({ label, values, operation }) =>
      operation === "update" && values.some(({ path }) => path === "definition")
        ? [{ what: label, note: "its service is set up anew: its program or its settings have changed" }]
        : [],
    ),
  ];
}

function sized(key: string, before: string | undefined, after: string | undefined, priceOf: PriceOf): Fact[] {
  const note = /Type$/.test(key) ? priceNote(before, after, priceOf) : undefined;
  return fact(machineWords[key] ?? key, before, after, { note });
}

const machineWords: Record<string, string> = {
  instanceType: "machine size",
  machineType: "machine size",
  ami: "machine image",
  image: "machine image",
  bootDisk: "boot disk",
  memory: "machine memory",
};

/** Who can reach the machine or the agent: ports, address ranges, tunnels, chats. */
export function exposureFacts(changes: readonly ResourceChange[]): Fact[] {
  return [
    ...changes.flatMap(({ type, name, before, after }) => {
      if (!/securityGroup|firewall/i.test(type)) return [];
      return openingFacts(name, openings(type, before?.inputs), openings(type, after?.inputs));
    }),
    ...ofType(changes, /:CloudflareTunnel$/).flatMap(([before, after]) => [
      ...listFacts("public address", address(before), address(after)),
    ]),
    ...ofType(changes, /:TelegramBridge$/).flatMap(([before, after]) => [
      ...listFacts("Telegram chat", chats(before), chats(after)),
      ...(before && after
        ? fact("Telegram server", text(before.apiRoot), text(after.apiRoot), { effect: "widens" })
        : []),
    ]),
  ];
}

function ofType(changes: readonly ResourceChange[], type: RegExp): [Inputs, Inputs][] {
  return changes.filter((one) => type.test(one.type)).map(({ before, after }) => [before?.inputs, after?.inputs]);
}

function text(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : show(value);
}

function version(agent: unknown): string | undefined {
  return isObject(agent) ? text(agent.version) : undefined;
}

function limits(before: unknown, after: unknown): Fact[] {
  if (!isObject(before) || !isObject(after)) return [];
  return valueChanges(before, after).map(({ path, before: was, after: is }) => ({
    what: `limit on ${path}`,
    before: text(was),
    after: text(is),
  }));
}

function address(inputs: Inputs): string[] {
  if (inputs === undefined) return [];
  return [
    inputs.kind === "named"
      ? `https://${show(inputs.hostname)}`
      : "a quick tunnel, with an address of its own at each start",
  ];
}

function chats(inputs: Inputs): string[] {
  return Array.isArray(inputs?.chats) ? inputs.chats.map(String) : [];
}

interface Opening {
  readonly range: string;
  readonly ports: string;
}

function openingFacts(name: string, before: readonly Opening[], after: readonly Opening[]): Fact[] {
  const shown = ({ range, ports }: Opening) => `${range} to ${ports}`;
  return listFacts(`open on ${name}`, before.map(shown), after.map(shown)).map((one): Fact => {
    const opening = after.find((each) => shown(each) === one.after);
    const inside =
      opening && before.some(({ range, ports }) => ports === opening.ports && within(opening.range, range));
    return inside ? { ...one, effect: "neutral", note: "part of what was open" } : one;
  });
}

function within(range: string, other: string): boolean {
  const known = (one: string) => isIP(one.split("/")[0] ?? "") !== 0;
  return known(range) && known(other) && covered(range, [other]);
}

// A rule group has a list of rules; newer types of the providers are one rule each.
function openings(type: string, inputs: Inputs): Opening[] {
  if (inputs === undefined || /egress/i.test(type) || inputs.direction === "EGRESS" || inputs.type === "egress")
    return [];
  const groups = [inputs.ingress, inputs.allows].filter(Array.isArray).flat().filter(isObject);
  const outer = rangesOf(inputs);
  return (groups.length === 0 ? [inputs] : groups).flatMap((group) => {
    const own = rangesOf(group);
    return (own.length > 0 ? own : outer).map((range) => ({ range, ports: portsOf(group) }));
  });
}

function rangesOf(rule: Readonly<Record<string, unknown>>): string[] {
  const fields = [
    "cidrBlocks",
    "ipv6CidrBlocks",
    "cidrIpv4",
    "cidrIpv6",
    "sourceRanges",
    "prefixListIds",
    "securityGroups",
  ];
  return fields.flatMap((field) => [rule[field] ?? []].flat().map((range) => show(range)));
}

function portsOf(rule: Readonly<Record<string, unknown>>): string {
  if (Array.isArray(rule.ports)) return `port ${rule.ports.join(", ")}`;
  const { fromPort, toPort } = rule;
  if (rule.protocol === "-1" || rule.ipProtocol === "-1" || fromPort === undefined) return "every port";
  return fromPort === toPort || toPort === undefined
    ? `port ${show(fromPort)}`
    : `ports ${show(fromPort)}-${show(toPort)}`;
}
