import { isIP } from "node:net";
import { z } from "zod";
import { canonicalHost } from "../../policies/canonical-host.ts";
import { portsOf, type Endpoint as Written } from "../../policies/endpoint.ts";
import { networkPolicySchema } from "../../policies/policy.ts";
import { glob } from "./glob.ts";
import { access, type Rule, rule } from "./rule.ts";

/** One destination of a policy, ready to be compared with requests. */
export interface Endpoint {
  /** The block it stands in, as logs and answers name it. */
  readonly policy: string;
  /** Which names and addresses it is about. */
  readonly host: (host: string) => boolean;
  /** Whether it gives the whole name, not a wildcard. */
  readonly named: boolean;
  readonly ports: readonly number[];
  /** Which paths its rules are about. */
  readonly path?: RegExp;
  /** Whether it says how a request with this path is handled, unless another endpoint says so more closely. */
  readonly handles: (path: string) => boolean;
  readonly closeness: number;
  /** Nothing means that the payload passes unseen. */
  readonly protocol?: "rest" | "websocket";
  /** Lets refused requests pass and only writes them down. */
  readonly audit: boolean;
  readonly allow: readonly Rule[];
  readonly deny: readonly Rule[];
  readonly allowedIps: readonly string[];
  readonly encodedSlash: boolean;
  /** Changes when anything about it changes. */
  readonly signature: string;
}

/** What the gate goes by. Whatever no endpoint names is refused. */
export type Policy = readonly Endpoint[];

/** The name of the inference route inside the sandbox. A policy has no say in it. */
export const inferenceHost = "inference.local";

// The gate sees no program, so it does without the list; everything else means the same as anywhere.
const fileSchema = z.strictObject({
  version: z.literal(1),
  network_policies: z.record(z.string().min(1), networkPolicySchema.partial({ binaries: true })).optional(),
});

/**
 * Reads the bytes of a policy file.
 *
 * @throws Error with one line for each fault, when the file is no policy or asks for something that the gate cannot enforce
 */
export function readPolicy(text: string): Policy {
  const parsed = fileSchema.safeParse(JSON.parse(text));
  if (!parsed.success) {
    throw new Error(parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("\n"));
  }
  const faults: string[] = [];
  const endpoints: Endpoint[] = [];
  for (const [key, block] of Object.entries(parsed.data.network_policies ?? {})) {
    for (const [index, written] of block.endpoints.entries()) {
      try {
        endpoints.push(endpoint(block.name ?? key, written));
      } catch (error) {
        faults.push(`network_policies.${key}.endpoints.${index}: ${(error as Error).message}`);
      }
    }
  }
  if (faults.length > 0) throw new Error(faults.join("\n"));
  return endpoints;
}

/** Fields the gate understands; any other would be a rule that is not kept. */
const understood = new Set<string>([
  ...["host", "port", "ports", "path", "protocol", "tls", "enforcement", "access", "rules", "deny_rules"],
  ...["allowed_ips", "allow_encoded_slash", "allow_uninspected_credentials"],
]);

function endpoint(policy: string, written: Written): Endpoint {
  const { host, path, protocol } = written;
  for (const [field, value] of Object.entries(written)) {
    if (value !== undefined && value !== false && !understood.has(field)) {
      throw new Error(`${field} cannot be enforced here`);
    }
  }
  if (protocol !== undefined && protocol !== "rest" && protocol !== "websocket") {
    throw new Error(`protocol ${protocol} cannot be enforced here, only rest, websocket and none`);
  }
  const own = host !== undefined && isIP(host) !== 0 ? [host] : [];
  return {
    policy,
    host: hostMatcher(host),
    named: host !== undefined && !host.includes("*"),
    ports: portsOf(written),
    ...(path === undefined ? {} : { path: glob(path, "/") }),
    handles: handler(path),
    closeness: path?.replaceAll("*", "").length ?? 0,
    ...(protocol === undefined ? {} : { protocol }),
    audit: written.enforcement === "audit",
    allow: protocol === undefined ? [] : allowRules(protocol, written),
    deny: (written.deny_rules ?? []).map((deny, index) => rule(`deny_rules[${index}]`, deny)),
    // An address that is named is allowed by being named.
    allowedIps: written.allowed_ips ?? own,
    encodedSlash: written.allow_encoded_slash === true,
    signature: JSON.stringify([policy, written]),
  };
}

// As OpenShell has it: `/a/**` handles /a too, while a rule with that path is only about what is below.
function handler(path: string | undefined): (asked: string) => boolean {
  if (path === undefined) return () => true;
  const below = glob(path, "/");
  return (asked) => below.test(asked) || (path.endsWith("/**") && asked === path.slice(0, -"/**".length));
}

function allowRules(protocol: "rest" | "websocket", written: Written): Rule[] {
  if (written.access) return access(protocol, written.access);
  return (written.rules ?? []).map(({ allow }, index) => rule(`rules[${index}]`, allow));
}

function hostMatcher(host: string | undefined): (host: string) => boolean {
  if (host === undefined) return () => true;
  if (host.includes("*")) {
    const pattern = glob(host, ".");
    if (pattern.test(inferenceHost)) throw new Error(`${host} covers ${inferenceHost}, which belongs to the route`);
    // A wildcard is about names; no address is reached through one.
    return (asked) => isIP(asked) === 0 && pattern.test(asked);
  }
  const canonical = canonicalHost(host);
  if (canonical === undefined) throw new Error(`host ${host} is not a name or an address`);
  if (canonical === inferenceHost) throw new Error(`${inferenceHost} belongs to the inference route`);
  return (asked) => asked === canonical;
}
