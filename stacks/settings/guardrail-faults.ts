import type { Fault } from "../../policies/fault.ts";
import type { Declared } from "../../policies/guardrails/guardrail.ts";
import { broken } from "../../policies/guardrails/rules.ts";
import type { MergedPolicy } from "../../policies/merge.ts";
import type { LegibleSections } from "./legible.ts";

/** The guardrails, asked before a program declares anything; each fault stands where the setting is. */
export function guardrailFaults(known: LegibleSections, policy: MergedPolicy | undefined): Fault[] {
  const { machine, telegram, tunnel } = known;
  const settings: Declared[] = [
    ...(machine?.kind === "existing" ? [{ type: "nemoclaw:settings:Machine", name: "", props: { machine } }] : []),
    ...(telegram ? [{ type: "nemoclaw:host:TelegramBridge", name: "telegram", props: telegram }] : []),
    ...(tunnel ? [{ type: "nemoclaw:settings:Tunnel", name: "tunnel", props: tunnel }] : []),
    ...(policy
      ? [{ type: "nemoclaw:host:NetworkPolicy", name: "policy", props: { networkPolicies: policy.network_policies } }]
      : []),
  ];
  return broken(settings).map(({ guardrail, violation }) => ({
    path: [violation.resource, violation.path].filter(Boolean).join("."),
    message: `${violation.message}; because ${guardrail.reason}`,
    instead: guardrail.wayOut,
  }));
}
