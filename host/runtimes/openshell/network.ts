import { canonical } from "../../../policies/canonical.ts";
import { networkPolicySchema } from "../../../policies/policy.ts";
import { type Command, quote } from "../../command.ts";
import { HostError } from "../../errors.ts";
import { all, type Step } from "../../step.ts";
import { writeFile } from "../../steps/managed-file.ts";
import { type NetworkSpec, part } from "../runtime.ts";
import { ensureApprovalByPeople } from "./approval-mode.ts";
import { isForeign, isOurs, removalRemarks, requireOurs } from "./box-owner.ts";
import { openshell, openshellQuestion, type Said, shown } from "./cli.ts";
import { gatewayGone } from "./gateway-gone.ts";
import { gatewayUnitName, paths } from "./paths.ts";
import { refusePrivateNames } from "./private-names.ts";
import { rejectedParts } from "./rejected-policy.ts";
import { type BoxFacts, boxFacts } from "./sandbox-facts.ts";

type Policies = NetworkSpec["networkPolicies"];

/** The policy that a sandbox has, without what providers add to it. */
export type PolicyFacts =
  | { readonly kind: "absent" }
  | { readonly kind: "unreachable"; readonly said: string }
  | {
      readonly kind: "there";
      readonly policy: Record<string, unknown>;
      readonly hash: string;
      /** Whether the sandbox has the newest version loaded. */
      readonly active: boolean;
    };

interface RemovalFacts {
  readonly box: BoxFacts;
  readonly policy: PolicyFacts;
}

/** What a sandbox may reach, set at the gateway and loaded by the running sandbox. */
export const network = part({
  step: ({ sandbox, owner, networkPolicies, origins, accept }: NetworkSpec) =>
    all(`network policy of ${sandbox}`, {
      box: requireOurs({ sandbox, owner }),
      addresses: refusePrivateNames({ networkPolicies, origins, accept }),
      approval: ensureApprovalByPeople(sandbox),
      policy: ensurePolicy(sandbox, networkPolicies, origins),
    }),
  observe(spec, { box, approval, policy: now }) {
    if (now.kind === "absent" || isForeign(box, spec.owner)) return "gone";
    if (now.kind === "unreachable") return { ...spec, inForce: false };
    return {
      ...spec,
      networkPolicies: inOurWords(spec.networkPolicies, now.policy.network_policies),
      approval: approval?.mode ?? spec.approval,
      inForce: now.active,
      hash: now.hash,
    };
  },
  removal({ sandbox, owner }) {
    const { name, facts, plan } = ensurePolicy(sandbox, {});
    return {
      name,
      facts: { box: boxFacts(sandbox), policy: facts },
      // Without its gateway or its sandbox there is nothing left to take away.
      plan: ({ box, policy }: RemovalFacts) =>
        box.kind === "there" && isOurs(box, owner) && policy.kind === "there" ? plan(policy) : [],
      remarks: ({ box }: RemovalFacts) =>
        removalRemarks(box, { sandbox, owner }, `the network policy of ${sandbox} ends with its sandbox`),
    };
  },
});

function ensurePolicy(sandbox: string, wanted: Policies, origins?: NetworkSpec["origins"]): Step<PolicyFacts> {
  return {
    name: `network policy of ${sandbox}`,
    facts: openshellQuestion(["policy", "get", sandbox, "--base", "-o", "json"], parsePolicy),
    plan(now) {
      if (now.kind !== "there") throw notThere(sandbox, now);
      if (now.active && canonical(inOurWords(wanted, now.policy.network_policies)) === canonical(wanted)) return [];
      const file = {
        path: `${paths.livePolicy(sandbox)}.next`,
        // The static part as it is: the gateway refuses a change of it, and would pretend that an addition were enforced.
        content: canonical({ ...now.policy, network_policies: wanted }),
      };
      return [writeFile(file), load(sandbox, file.path, (said) => rejectedParts(said, wanted, origins))];
    },
  };
}

/** Reads the answer to `openshell policy get NAME --base -o json`. */
export function parsePolicy({ stdout, exitCode, unreachable }: Said): PolicyFacts {
  if (exitCode !== 0 && /sandbox not found/.test(stdout)) return { kind: "absent" };
  if (exitCode !== 0 || unreachable) return { kind: "unreachable", said: stdout.trim().slice(0, 1000) };
  try {
    const { policy, hash, version, active_version } = JSON.parse(stdout) as Record<string, unknown>;
    return {
      kind: "there",
      policy: policy as Record<string, unknown>,
      hash: String(hash),
      active: version === active_version,
    };
  } catch {
    return { kind: "unreachable", said: `not JSON: ${stdout.trim().slice(0, 500)}` };
  }
}

/**
 * The gateway's network policies in our spelling: parsed by our schema, which gives each its one form. What it does not know
 * is shown as it was found, so that nobody's edit is overlooked.
 */
export function inOurWords(wanted: Policies, live: unknown): Policies {
  const found: Record<string, unknown> = {};
  for (const [said, policy] of Object.entries((live ?? {}) as Record<string, unknown>)) {
    // An agent may name a rule it asks for __proto__ or constructor, and it must neither vanish nor break a comparison.
    const name = said in {} ? `${said} (a name of JavaScript's)` : said;
    const { data } = networkPolicySchema.safeParse(policy);
    const same = data && wanted[name] && canonical(oneForm(data, name)) === canonical(oneForm(wanted[name], name));
    found[name] = same ? wanted[name] : (data ?? policy);
  }
  return found as Policies;
}

type NetworkPolicy = Policies[string];

// The gateway writes the block's key as its name, and one port as `port`.
function oneForm({ name = "", endpoints, binaries }: NetworkPolicy, key: string): unknown {
  const ports = endpoints.map(({ port, ports: several, ...rest }) => ({
    ...rest,
    ports: [...(several ?? []), ...(port === undefined ? [] : [port])].toSorted((a, b) => a - b),
  }));
  return { name: name || key, endpoints: ports, binaries: binaries.map(({ path }) => path).toSorted() };
}

function load(sandbox: string, path: string, rejected: (said: string) => string | undefined): Command {
  const before = "what was in force before still is;";
  return {
    title: `load the network policy of ${sandbox}`,
    script: `${openshell("policy", "set", sandbox, "--policy", path, "--wait", "--timeout", "60")} 2>&1 || {
  code=$?
  test "$code" != 124 || echo "the sandbox did not load it within 60 s"
  rm -f ${quote(path)}
  exit "$code"
}
mv -f ${quote(path)} ${quote(paths.livePolicy(sandbox))}`,
    shown: shown("policy", "set", sandbox, "--policy", path, "--wait"),
    timeoutSeconds: 90,
    tryAfter(said) {
      const parts = rejected(said);
      return parts && `${before} what it refuses stands at\n        ${parts}`;
    },
    try: `${before} look for the block it names under network_policies, in the policy file or its preset`,
  };
}

function notThere(sandbox: string, now: Exclude<PolicyFacts, { kind: "there" }>): HostError {
  const ran = shown("policy", "get", sandbox, "--base");
  if (now.kind === "unreachable") {
    return gatewayGone(`the network policy of ${sandbox} is not known`, { ran, said: now.said });
  }
  return new HostError("not-converged", {
    summary: `there is no sandbox ${sandbox}, so it has no network policy`,
    ran,
    try: `up --refresh makes it again; on the machine: journalctl -u ${gatewayUnitName} -e`,
  });
}
