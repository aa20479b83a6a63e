import { canonical } from "../canonical.ts";
import type { Cell } from "./cells.ts";
import { frameOf } from "./fields.ts";
import { type Finding, finding } from "./finding.ts";
import type { SideEndpoint } from "./side.ts";

/**
 * What differs where requests are not judged here one by one, because only OpenShell reads that protocol or there are too many
 * of them. Rules of otherwise equal endpoints are compared as they stand; anything else cannot be compared.
 */
export function opaqueFindings(cell: Cell): Finding[] {
  const { before, after } = cell;
  if (before.length === 0) return after.map((endpoint) => whole(cell, endpoint, "widens"));
  if (after.length === 0) return before.map((endpoint) => whole(cell, endpoint, "narrows"));
  const frames = new Set([...before, ...after].map(({ written }) => canonical(frameOf(written))));
  const [was, is] = [before, after].map(enforcementOf);
  if (frames.size > 1 || was === undefined || is === undefined) {
    const note = "how its requests are judged has changed in a way that cannot be compared";
    return after.map((endpoint) => ({ ...whole(cell, endpoint, "widens", note), comparable: false }));
  }
  if (was !== is) {
    const passed = "what no rule allows passed all the same and was written down (audit) before";
    const passes = "not allowed by any rule: passed all the same and written down (audit)";
    return after.map((endpoint) =>
      is === "audit" ? whole(cell, endpoint, "widens", passes) : whole(cell, endpoint, "narrows", passed),
    );
  }
  return [
    ...ruleFindings(cell, "rules", "widens", "narrows"),
    ...ruleFindings(cell, "deny_rules", "narrows", "widens"),
  ];
}

// One word for all of them, or none.
function enforcementOf(endpoints: readonly SideEndpoint[]): "audit" | "enforce" | undefined {
  const audits = new Set(endpoints.map(({ audit }) => audit));
  if (audits.size > 1) return undefined;
  return audits.has(true) ? "audit" : "enforce";
}

function whole(cell: Cell, endpoint: SideEndpoint, effect: Finding["effect"], note?: string): Finding {
  const { protocol = "any" } = endpoint.written;
  return finding({ cell, endpoint, effect, what: `${protocol} requests`, methods: ["*"], note });
}

function ruleFindings(
  cell: Cell,
  list: "rules" | "deny_rules",
  added: Finding["effect"],
  removed: Finding["effect"],
): Finding[] {
  const texts = (endpoints: readonly SideEndpoint[]) =>
    new Map(
      endpoints.flatMap((endpoint) =>
        (endpoint.written[list] ?? []).map((rule) => [canonical(rule), { rule, endpoint }] as const),
      ),
    );
  const [was, is] = [texts(cell.before), texts(cell.after)];
  const only = (one: typeof was, other: typeof was, effect: Finding["effect"], note: string) =>
    [...one]
      .filter(([text]) => !other.has(text))
      .map(([, { rule, endpoint }]) => {
        const what = `${endpoint.written.protocol} requests: ${JSON.stringify("allow" in rule ? rule.allow : rule)}`;
        return finding({ cell, endpoint, effect, what, methods: ["*"], note });
      });
  const denies = list === "deny_rules";
  return [
    ...only(is, was, added, denies ? "a new rule that denies" : "a new rule"),
    ...only(was, is, removed, denies ? "a rule that denied is gone" : "a rule is gone"),
  ];
}
