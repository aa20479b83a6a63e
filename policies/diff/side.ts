import { canonicalHost } from "../canonical-host.ts";
import type { Policy } from "../policy.ts";
import { type Endpoint, portsOf } from "../policy.ts";
import type { PolicySource } from "../policy-source.ts";
import type { Rule } from "../rule.ts";

/** One kind of request that an endpoint allows or denies. */
export interface SideRule {
  /** `*` for every method. */
  readonly method: string;
  readonly path: string;
  /** Globs by the name of a query value; one of them must match. */
  readonly query: readonly (readonly [string, readonly string[]])[];
  readonly text: string;
}

/** An endpoint of one of the two policies, with the block it stands in. */
export interface SideEndpoint {
  readonly block: string;
  readonly source?: PolicySource;
  readonly host?: string;
  readonly ports: readonly number[];
  readonly programs: readonly string[];
  /** Whether requests are looked at one by one. */
  readonly inspected: boolean;
  readonly written: Endpoint;
  readonly closeness: number;
  readonly audit: boolean;
  readonly allow: readonly SideRule[];
  readonly deny: readonly SideRule[];
}

const everyProgram = "/**";

const levels = {
  rest: {
    "read-only": ["GET", "HEAD", "OPTIONS"],
    "read-write": ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH"],
    full: ["*"],
  },
  websocket: { "read-only": ["GET"], "read-write": ["GET", "WEBSOCKET_TEXT"], full: ["*"] },
};

/** One of the two policies, where its blocks come from (`github` from the preset of that name), and how it is enforced. */
export interface DiffSide {
  readonly policy: Policy;
  readonly sources?: ReadonlyMap<string, PolicySource>;
  /**
   * Whether the runtime of this side tells programs apart. Where it does not, all blocks count for every program, and
   * `binaries` mean nothing. @default true
   */
  readonly tellsPrograms?: boolean;
}

/** The endpoints of a policy, as the runtime of its side reads them. */
export function endpointsOf({ policy, sources, tellsPrograms = true }: DiffSide): SideEndpoint[] {
  return Object.entries(policy.network_policies ?? {}).flatMap(([block, { endpoints, binaries = [] }]) =>
    endpoints.map(
      (written): SideEndpoint => ({
        block,
        source: sources?.get(block),
        host: written.host === undefined ? undefined : comparedHost(written.host),
        ports: portsOf(written),
        programs: tellsPrograms ? binaries.map(({ path }) => path) : [everyProgram],
        inspected: written.protocol !== undefined && written.protocol !== "tcp",
        written,
        closeness: written.path?.replaceAll("*", "").length ?? 0,
        audit: written.enforcement === "audit",
        allow: allowed(written),
        deny: (written.deny_rules ?? []).map((rule) => sideRule(rule)),
      }),
    ),
  );
}

/** The endpoints whose paths are the nearest, whose word counts for how a request is handled. */
export function nearestOf(endpoints: readonly SideEndpoint[]): readonly SideEndpoint[] {
  const nearest = Math.max(...endpoints.map(({ closeness }) => closeness));
  return endpoints.filter(({ closeness }) => closeness === nearest);
}

function allowed({ protocol, access, rules = [] }: Endpoint): SideRule[] {
  if (protocol !== "rest" && protocol !== "websocket") return [];
  if (access === undefined) return rules.map(({ allow }) => sideRule(allow));
  return levels[protocol][access].map((method) => sideRule({ method, path: "**" }));
}

function sideRule({ method = "*", path = "**", query = {} }: Rule): SideRule {
  const globs = Object.entries(query).map(
    ([name, matcher]) => [name, typeof matcher === "string" ? [matcher] : matcher.any] as const,
  );
  const asked = globs.map(([name, any]) => `${name}=${any.join("|")}`).join("&");
  return { method: method.toUpperCase(), path, query: globs, text: `${path}${asked && `?${asked}`}` };
}

// The spelling that connections are compared in: 0x7f.1 and 127.0.0.1 are one address.
function comparedHost(host: string): string {
  return host.includes("*") ? host : (canonicalHost(host) ?? host);
}
