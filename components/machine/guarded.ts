import * as pulumi from "@pulumi/pulumi";
import { broken, explain } from "../../policies/guardrails/rules.ts";

/**
 * Options of a component that refuses, at preview, every resource inside it that breaks a guardrail; so a stack is safe
 * without the policy pack.
 */
export function guarded(opts: pulumi.ComponentResourceOptions = {}): pulumi.ComponentResourceOptions {
  const refuse: pulumi.ResourceTransformation = ({ type, name, props, opts: { protect } }) => {
    const found = broken([{ type, name, props, protect: protect === true }]);
    if (found.length === 0) return undefined;
    throw new pulumi.RunError(found.map(({ guardrail, violation }) => explain(guardrail, violation)).join("\n\n"));
  };
  return { ...opts, transformations: [...(opts.transformations ?? []), refuse] };
}
