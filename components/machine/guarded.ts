import * as pulumi from "@pulumi/pulumi";
import type { Declared } from "../../policies/guardrails/guardrail.ts";
import { broken, explain } from "../../policies/guardrails/rules.ts";

/**
 * Options of a component that refuses, at preview, every resource inside it that breaks a guardrail; so a stack is safe
 * without the policy pack.
 */
export function guarded(opts: pulumi.ComponentResourceOptions = {}): pulumi.ComponentResourceOptions {
  const refuse: pulumi.ResourceTransformation = ({ type, name, props, opts: { protect } }) => {
    refuseBroken({ type, name, props, protect: protect === true });
    return undefined;
  };
  return { ...opts, transformations: [...(opts.transformations ?? []), refuse] };
}

/** Refuses one resource that breaks a guardrail, where what would show it is hidden from {@link guarded} by the resource's own class. */
export function refuseBroken(resource: Declared): void {
  const found = broken([resource]);
  if (found.length === 0) return;
  throw new pulumi.RunError(found.map(({ guardrail, violation }) => explain(guardrail, violation)).join("\n\n"));
}
