import { z } from "zod";
import type { Finding } from "../host/runtimes/runtime.ts";
import { policySchema } from "../policies/policy.ts";
import type { Standing } from "./stack-command.ts";

const findings = z.array(z.object({ accept: z.string(), path: z.string(), message: z.string() }));

/**
 * What a sandbox's runtime does not enforce of the policy that the stack wants. The program says it as an output, since the
 * policy in the state is without what was left out; where it does not, that policy is judged.
 */
export function gapsIn({ state, runtime }: Pick<Standing, "state" | "runtime">): Finding[] {
  const said = findings.safeParse(state.find("pulumi:pulumi:Stack")?.outputs.gaps);
  if (said.success) return said.data;
  const networkPolicies = state.find("nemoclaw:host:NetworkPolicy")?.inputs.networkPolicies ?? {};
  const fixed = state.find("nemoclaw:host:Sandbox")?.inputs.policy ?? {};
  const policy = policySchema.safeParse({ ...fixed, network_policies: networkPolicies });
  return policy.success ? runtime.unenforceable(policy.data) : [];
}
