import { acceptedRisk, acceptsRisk, type Declared, type Guardrail, isKnown, riskMark } from "./guardrail.ts";
import { broken } from "./rules.ts";

/** A guardrail that holds only because somebody gave a reason. */
export interface RiskTaken {
  readonly guardrail: Guardrail;
  /** Name of the resource. */
  readonly resource: string;
  readonly reason: string;
}

/** The risks that a stack takes knowingly: what would break a rule if no reason were given. */
export function risksTaken(stack: readonly Declared[]): RiskTaken[] {
  return stack.flatMap((one) => {
    const reasons = reasonsIn(one.props);
    if (reasons.length === 0) return [];
    const silent = broken([{ ...one, props: withoutReasons(one.props) as Declared["props"] }]);
    const already = new Set(broken([one]).map(({ guardrail }) => guardrail));
    const taken = new Set(silent.map(({ guardrail }) => guardrail).filter((guardrail) => !already.has(guardrail)));
    return [...taken].map((guardrail) => ({ guardrail, resource: one.name, reason: reasons.join("; ") }));
  });
}

/** A tunnel has a property for its reason, a disk a label; other resources begin a text of their own with it. */
function isReason(key: string, value: unknown): value is string {
  return acceptsRisk(value) || (["reason", riskMark].includes(key) && typeof value === "string" && value !== "");
}

function reasonsIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null || !isKnown(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    isReason(key, inner) ? [inner.replace(acceptedRisk, "")] : reasonsIn(inner),
  );
}

function withoutReasons(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !isKnown(value)) return value;
  if (Array.isArray(value)) return value.map(withoutReasons);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (isReason(key, inner) ? [] : [[key, withoutReasons(inner)]])),
  );
}
