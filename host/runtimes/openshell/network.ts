import { canonical } from "../../../policies/canonical.ts";
import { networkPolicySchema } from "../../../policies/policy.ts";
import { type Command, quote } from "../../command.ts";
import { HostError } from "../../errors.ts";
import { all, type Step } from "../../step.ts";
import { writeFile } from "../../steps/managed-file.ts";
import { type NetworkSpec, part } from "../runtime.ts";
import { ensureApprovalByPeople } from "./approval-mode.ts";
import { isForeign, isOurs, removalRemarks, requireOurs } from "./box-owner.ts";
import { openshell, shown } from "./cli.ts";
import { gatewayGone } from "./gateway-gone.ts";
import {
  isLoaded,
  type LoadedPolicy,
  loadedPolicy,
  type PolicyFacts,
  refuseOfGateway,
  waitUntilLoaded,
} from "./loaded-policy.ts";
import { gatewayUnitName, paths } from "./paths.ts";
import { refusePrivateNames } from "./private-names.ts";
import { rejectedParts } from "./rejected-policy.ts";

type Policies = NetworkSpec["networkPolicies"];

/** What a sandbox may reach, set at the gateway and loaded by the running sandbox. */
export const network = part({
  step: ({ sandbox, owner, networkPolicies, origins, accept, inForce }: NetworkSpec) =>
    all(`network policy of ${sandbox}`, {
      box: requireOurs({ sandbox, owner }),
      addresses: refusePrivateNames({ networkPolicies, origins, accept }),
      approval: ensureApprovalByPeople(sandbox),
      policy: ensurePolicy(sandbox, { wanted: networkPolicies, origins, inForce }),
    }),
  observe(spec, { box, approval, policy: live }) {
    const now = live.policy;
    if (now.kind === "absent" || isForeign(box, spec.owner)) return "gone";
    if (now.kind === "unreachable") return { ...spec, inForce: false };
    return {
      ...spec,
      networkPolicies: inOurWords(spec.networkPolicies, now.policy.network_policies),
      approval: approval?.mode ?? spec.approval,
      inForce: isLoaded(live),
      hash: now.hash,
    };
  },
  removal({ sandbox, owner }) {
    return {
      name: `network policy of ${sandbox}`,
      facts: loadedPolicy(sandbox),
      plan(now: LoadedPolicy) {
        const { box, policy } = now;
        // Without its gateway or its sandbox there is nothing left to take away.
        if (box.kind !== "there" || !isOurs(box, owner) || box.ofGateway || policy.kind !== "there") return [];
        return ensurePolicy(sandbox, { wanted: {}, inForce: box.phase === "Ready" }).plan(now);
      },
      remarks: ({ box }: LoadedPolicy) =>
        removalRemarks(box, { sandbox, owner }, `the network policy of ${sandbox} ends with its sandbox`),
    };
  },
});

interface Wanted extends Pick<NetworkSpec, "origins" | "inForce"> {
  readonly wanted: Policies;
}

function ensurePolicy(sandbox: string, { wanted, origins, inForce }: Wanted): Step<LoadedPolicy> {
  return {
    name: `network policy of ${sandbox}`,
    facts: loadedPolicy(sandbox),
    plan(now) {
      const { policy } = now;
      if (policy.kind !== "there") throw notThere(sandbox, policy);
      refuseOfGateway(now, sandbox);
      const loading = inForce && !isLoaded(now) ? [waitUntilLoaded(sandbox)] : [];
      // The static part as it is: the gateway refuses a change of it, and would pretend that an addition were enforced.
      const content = canonical({ ...policy.policy, network_policies: wanted });
      if (canonical(inOurWords(wanted, policy.policy.network_policies)) === canonical(wanted)) {
        // Somebody else has set it there, or it was set and not waited for: the next sandbox would begin with what was before.
        const isKept = canonical(now.kept ?? {}) === canonical(wanted);
        return [...loading, ...(isKept ? [] : [writeFile({ path: paths.livePolicy(sandbox), content })])];
      }
      const file = { path: `${paths.livePolicy(sandbox)}.next`, content };
      const set = load(sandbox, file.path, { wait: inForce, rejected: (said) => rejectedParts(said, wanted, origins) });
      return [writeFile(file), set, ...(inForce ? [waitUntilLoaded(sandbox)] : [])];
    },
  };
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

interface Loading {
  /** False of a sandbox that is stopped on purpose: it loads what the gateway has as it starts. */
  readonly wait: boolean;
  readonly rejected: (said: string) => string | undefined;
}

// Said by the script below, and read again where the failure is worded.
const unconfirmed = "the sandbox did not say within 60 s that it has it loaded";

/** Whether the gateway has kept a policy, by what a failed load said, so that the sandbox may take it up yet. */
function isKept(said: string): boolean {
  return said.includes(unconfirmed) || (/policy version \d+ submitted/i.test(said) && !/failed to load/i.test(said));
}

/**
 * Whether the gateway went away, or failed, before it had said what becomes of the policy: it may have kept it by then. A refusal
 * is an answer, and keeps nothing.
 */
function isUnanswered(said: string): boolean {
  return (
    /transport error|client error \(|h2 protocol error|connect error|connection (refused|reset|closed)|broken pipe/i.test(
      said,
    ) || /deadline.exceeded|timed out|\bstatus: '?(Unavailable|Unknown|Cancelled|Aborted|Internal)\b/i.test(said)
  );
}

function load(sandbox: string, path: string, { wait, rejected }: Loading): Command {
  const mayCome = `it may yet come into force: ${shown("policy", "get", sandbox, "--base")} shows what the gateway has; up --refresh puts in force what the code has`;
  const words = ["policy", "set", sandbox, "--policy", path];
  return {
    title: `load the network policy of ${sandbox}`,
    script: `${openshell(...words, ...(wait ? ["--wait", "--timeout", "60"] : []))} 2>&1 || {
  code=$?
  test "$code" != 124 || echo ${quote(unconfirmed)}
  rm -f ${quote(path)}
  exit "$code"
}
mv -f ${quote(path)} ${quote(paths.livePolicy(sandbox))}`,
    shown: shown(...words, ...(wait ? ["--wait"] : [])),
    timeoutSeconds: 90,
    tryAfter(said) {
      if (isKept(said)) return `the gateway has the new policy, and ${mayCome}`;
      const parts = rejected(said);
      if (!parts && isUnanswered(said)) return undefined;
      const where = "look for the block it names under network_policies, in the policy file or its preset";
      return `what was in force before still is; ${parts ? `what it refuses stands at\n        ${parts}` : where}`;
    },
    // Of one that was stopped half-way, or had no answer, nobody knows whether the gateway has it.
    try: `the gateway may have the new policy, and ${mayCome}`,
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
