import { acceptedRisk } from "../../policies/guardrails/guardrail.ts";

/**
 * Why a risk is taken, as the description of a rule says it: EC2 has room there for 255 characters, of these alone. The whole of the
 * reason stays in the stack file.
 *
 * @example
 * riskDescription("it's a lab, für alle"); // "accepted risk: it-s a lab, fur alle"
 */
export function riskDescription(reason: string): string {
  const plain = reason.normalize("NFKD").replaceAll(/\p{M}/gu, "").replaceAll(/\s+/g, " ");
  return `${acceptedRisk}${plain.replaceAll(/[^a-zA-Z0-9. _:/()#,@[\]+=&;{}!$*-]+/g, "-")}`.slice(0, 255).trimEnd();
}

/** The same as a tag's value, which holds 256 characters of any kind; whether halves of a pair count is not said, so they do. */
export function riskTag(reason: string): string {
  const cut = `${acceptedRisk}${reason.replaceAll(/\s+/g, " ")}`.slice(0, 256);
  return cut.replace(/[\uD800-\uDBFF]$/, "").trimEnd();
}
