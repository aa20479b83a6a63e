// Plain JavaScript: Pulumi's loader would hand a TypeScript entry to its own old compiler.
import { PolicyPack } from "@pulumi/policy";
import { guardrails } from "./rules.ts";

/** A resource as the rules take it. */
const declared = ({ type, name, props, opts }) => ({ type, name, props, protect: opts?.protect === true });

new PolicyPack("nemoclaw-guardrails", {
  enforcementLevel: "mandatory",
  policies: guardrails.map((guardrail) => ({
    name: guardrail.name,
    description: `${guardrail.rule}: ${guardrail.reason}.`,
    remediationSteps: guardrail.wayOut,
    validateStack: ({ resources }, report) => {
      for (const { resource, path, message } of guardrail.check(resources.map(declared))) {
        const urn = resources.find(({ name }) => name === resource)?.urn;
        report(`${path}: ${message}. Way out: ${guardrail.wayOut}.`, urn);
      }
    },
  })),
});
