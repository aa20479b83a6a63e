import { type Command, quote } from "../../command.ts";
import { HostError } from "../../errors.ts";
import type { Question } from "../../question.ts";
import { observedJson } from "../../steps/text-file.ts";
import { openshell, openshellQuestion, type Said, shown } from "./cli.ts";
import { paths } from "./paths.ts";
import { type BoxFacts, boxFacts } from "./sandbox-facts.ts";

/** The newest policy that the gateway has for a sandbox, without what providers add to it. */
export type PolicyFacts =
  | { readonly kind: "absent" }
  | { readonly kind: "unreachable"; readonly said: string }
  | {
      readonly kind: "there";
      readonly policy: Record<string, unknown>;
      readonly hash: string;
      readonly version: unknown;
    };

/** What the gateway has, and what the sandbox has of it. */
export interface LoadedPolicy {
  readonly box: BoxFacts;
  readonly policy: PolicyFacts;
  /** The network policies that a sandbox made anew would begin with; undefined where nothing has been loaded yet. */
  readonly kept: unknown;
}

export function loadedPolicy(sandbox: string) {
  const policy = openshellQuestion(["policy", "get", sandbox, "--base", "-o", "json"], parsePolicy);
  return { box: boxFacts(sandbox), policy, kept: keptPolicies(sandbox) };
}

function keptPolicies(sandbox: string): Question<unknown> {
  return {
    script: `cat ${quote(paths.livePolicy(sandbox))}`,
    parse: ({ stdout }) => (observedJson(stdout) as { network_policies?: unknown } | undefined)?.network_policies,
  };
}

/** Reads the answer to `openshell policy get NAME --base -o json`. */
export function parsePolicy({ stdout, exitCode, unreachable }: Said): PolicyFacts {
  if (exitCode !== 0 && /sandbox not found/.test(stdout)) return { kind: "absent" };
  if (exitCode !== 0 || unreachable) return { kind: "unreachable", said: stdout.trim().slice(0, 1000) };
  try {
    const { policy, hash, version } = JSON.parse(stdout) as Record<string, unknown>;
    return { kind: "there", policy: policy as Record<string, unknown>, hash: String(hash), version };
  } catch {
    return { kind: "unreachable", said: `not JSON: ${stdout.trim().slice(0, 500)}` };
  }
}

/**
 * Whether the sandbox has the gateway's newest policy loaded, by its own word: what the gateway calls active in the same answer is
 * only the newest that it has, loaded or not.
 */
export function isLoaded({ box, policy }: Pick<LoadedPolicy, "box" | "policy">): boolean {
  if (box.kind !== "there" || policy.kind !== "there" || box.ofGateway) return false;
  return box.loadedVersion === undefined || box.loadedVersion === policy.version;
}

/** Waits until the sandbox says that it has the newest policy loaded; a release that does not tell is believed. */
export function waitUntilLoaded(sandbox: string): Command {
  const [newest, box] = [
    openshell("policy", "get", sandbox, "--base", "-o", "json"),
    openshell("sandbox", "get", sandbox, "-o", "json"),
  ];
  const number = (key: string) => `sed -n 's/^  "${key}": *\\([0-9]*\\).*/\\1/p'`;
  return {
    title: `wait until ${sandbox} has its network policy loaded`,
    script: `for try in $(seq 60); do
  newest=$(${newest} 2>/dev/null | ${number("active_version")})
  box=$(${box} 2>/dev/null || :)
  loaded=$(echo "$box" | ${number("current_policy_version")})
  case $box in *current_policy_version*) ;; *'"phase"'*) loaded=$newest ;; esac
  test -z "$newest" || test "$loaded" != "$newest" || exit 0
  how=$(${openshell("policy", "get", sandbox)} --rev "\${newest:-1}" 2>&1 || :)
  case $how in *Failed*) break ;; esac
  sleep 1
done
echo "the gateway has version \${newest:-unknown} of the policy, and the sandbox has \${loaded:-none} loaded"
echo "$how" | sed -n 's/^Error: */it says: /p'
exit 1`,
    shown: shown("sandbox", "get", sandbox, "-o", "json"),
    timeoutSeconds: 120,
    try: `what the sandbox says of it: openshell logs ${quote(sandbox)}; up --refresh tries again`,
  };
}

/** What is said where somebody has set one policy for every sandbox of a gateway, which goes before each sandbox's own. */
export const ofGateway = "one policy is set for every sandbox of this machine's OpenShell, before each one's own";

export function refuseOfGateway({ box }: LoadedPolicy, sandbox: string): void {
  if (box.kind !== "there" || !box.ofGateway) return;
  throw new HostError("not-converged", {
    summary: `${ofGateway}, so that of ${sandbox} cannot be set; nothing was changed`,
    ran: shown("sandbox", "get", sandbox, "-o", "json"),
    try: "on the machine: openshell policy get --global shows it; openshell policy delete --global takes it back; then up --refresh",
  });
}
