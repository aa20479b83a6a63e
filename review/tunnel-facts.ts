import { type Fact, fact, listFacts } from "./facts.ts";
import { show } from "./values.ts";

/** A tunnel as its resource and its settings have it. */
export type Tunnel = Readonly<Record<string, unknown>> | undefined;

/** Where a tunnel is reached, by whom, and what it leads to. */
export function tunnelFacts(before: Tunnel, after: Tunnel): Fact[] {
  return [...doorFacts(before, after), ...originFacts(before?.origin, after?.origin)];
}

// The runtime says what a tunnel leads to, so only of one that stays does another origin mean something.
function originFacts(before: unknown, after: unknown): Fact[] {
  if (before === undefined || after === undefined) return [];
  const note = "what answers there is open to whom the tunnel lets in";
  return fact("what the tunnel leads to", show(before), show(after), { effect: "unclear", note });
}

function doorFacts(before: Tunnel, after: Tunnel): Fact[] {
  const [was, is] = [doorOf(before), doorOf(after)];
  const what = "public address";
  if (was === undefined || is === undefined || was.address !== is.address)
    return listFacts(what, was ? [textOf(was)] : [], is ? [textOf(is)] : []);
  const effect = was.open === is.open ? "neutral" : is.open ? "widens" : "narrows";
  return fact(what, textOf(was), textOf(is), { effect });
}

interface Door {
  readonly address: string;
  /** Whether everybody is let in. */
  readonly open: boolean;
  readonly reason: unknown;
}

function doorOf(tunnel: Tunnel): Door | undefined {
  const { kind = "none", hostname, access = kind === "quick" ? "public" : "cloudflare-access", reason } = tunnel ?? {};
  if (kind === "none") return undefined;
  const address =
    kind === "named" ? `https://${show(hostname)}` : "a quick tunnel, with an address of its own at each start";
  return { address, open: access !== "cloudflare-access", reason };
}

function textOf({ address, open, reason }: Door): string {
  if (!open) return `${address}, for whom Cloudflare Access lets in`;
  return `${address}, for everybody${reason ? `, because ${show(reason)}` : ""}`;
}
