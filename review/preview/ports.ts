import { show, shownEach } from "../values.ts";

/** Ports of a rule. */
export interface Ports {
  /** As `port 22`, with the protocol in front where it is not TCP. */
  readonly shown: string;
  /** `all` is every one. */
  readonly protocol: string;
  /** The first and the last of each range of them. */
  readonly spans: readonly (readonly [first: number, last: number])[];
}

type Rule = Readonly<Record<string, unknown>>;

/** The ports that a rule of a cloud is about. */
export function portsOf(rule: Rule): Ports {
  const written = show(rule.protocol ?? rule.ipProtocol ?? "tcp").toLowerCase();
  if (["-1", "all"].includes(written)) return { shown: "every port", protocol: "all", spans: every };
  const protocol = names[written] ?? written;
  const named = namedPorts(rule);
  const spans = named === undefined ? every : spansOf(rule);
  if (protocol === "tcp") return { shown: named ?? "every port of TCP", protocol, spans };
  return { shown: named === undefined ? protocol : `${protocol} ${named}`, protocol, spans };
}

/** Whether all of some ports are among others; what cannot be told is not. */
export function portsHold(all: Ports, some: Ports): boolean {
  if (all.shown === some.shown) return true;
  if (all.protocol !== "all" && all.protocol !== some.protocol) return false;
  // ICMP has a type and a code in the place of a first and a last port, and all of it is written as nothing, or as -1.
  if (/^icmp/.test(all.protocol)) return all.spans === every || all.spans.flat().every((one) => one === -1);
  return some.spans.every(([first, last]) => all.spans.some(([from, to]) => from <= first && last <= to));
}

/** Ports in parts of which any of the others has all or nothing, so that several may hold them together. */
export function portParts(ports: Ports, others: readonly Ports[]): Ports[] {
  const { protocol, spans } = ports;
  if (/^(icmp|all$)/.test(protocol) || !spans.every(([first, last]) => first <= last)) return [ports];
  const edges = others.flatMap((one) => one.spans.flatMap(([first, last]) => [first, last + 1]));
  return spans.flatMap(([first, last]) => {
    const starts = [...new Set([first, ...edges.filter((edge) => first < edge && edge <= last)])].sort((a, b) => a - b);
    return starts.map((start, at): Ports => {
      const end = starts[at + 1];
      return { shown: "", protocol, spans: [[start, end === undefined ? last : end - 1]] };
    });
  });
}

/** The numbers of protocols that have a name at the clouds. */
const names: Readonly<Record<string, string>> = { "1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6" };

const every: Ports["spans"] = [[Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]];

function spansOf({ ports, fromPort, toPort }: Rule): Ports["spans"] {
  if (!Array.isArray(ports)) return [[Number(fromPort), Number(toPort ?? fromPort)]];
  return ports.map((one) => {
    const [first, last = first] = String(one).split("-");
    return [Number(first), Number(last)];
  });
}

function namedPorts({ ports, fromPort, toPort }: Rule): string | undefined {
  if (Array.isArray(ports)) return ports.length === 0 ? undefined : `port ${shownEach(ports).join(", ")}`;
  if (fromPort === undefined) return undefined;
  return fromPort === toPort || toPort === undefined
    ? `port ${show(fromPort)}`
    : `ports ${show(fromPort)}-${show(toPort)}`;
}
