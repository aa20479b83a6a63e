import type { Cell } from "./cells.ts";
import { type Finding, finding } from "./finding.ts";
import { type Judged, judgeRequests, type Outcome } from "./judge-requests.ts";
import { opaqueFindings } from "./opaque.ts";

/** Requests that are decided otherwise after than before, one finding for each rule that makes it so. */
export function requestFindings(cell: Cell): Finding[] {
  const judged = judgeRequests(cell.before, cell.after);
  if (judged === undefined) return opaqueFindings(cell);
  return (["widens", "narrows", "neutral"] as const).flatMap((effect) => {
    const side = effect === "narrows" ? "before" : "after";
    const changed = judged.filter((one) => effectOf(one) === effect);
    const byRule = Map.groupBy(changed, (one) => reasonOf(one, side));
    return [...byRule.values()].flatMap((same) => described(cell, effect, same, judged, side));
  });
}

function effectOf({ before, after }: Judged): Finding["effect"] | undefined {
  if (before.passes !== after.passes) return after.passes ? "widens" : "narrows";
  return before.passes && before.audited !== after.audited ? "neutral" : undefined;
}

// All methods of one path are one thing to say.
function reasonOf(one: Judged, side: "before" | "after"): string {
  const { endpoint, rule, audited } = one[side];
  const other = one[side === "after" ? "before" : "after"];
  const against = other.rule && !other.passes ? other.rule.text : "";
  return JSON.stringify([
    endpoint?.block,
    endpoint?.host,
    endpoint?.written.path,
    audited,
    !audited && rule?.text,
    against,
  ]);
}

function described(
  cell: Cell,
  effect: Finding["effect"],
  same: readonly Judged[],
  all: readonly Judged[],
  side: "before" | "after",
): Finding[] {
  const [first] = same;
  const { endpoint, rule, audited } = first?.[side] ?? ({} as Outcome);
  if (!first || !endpoint) return [];
  const methods = [...new Set(same.map(({ method }) => method))];
  const path = audited ? "**" : (rule?.text ?? "**");
  const other = first[side === "after" ? "before" : "after"];
  // The same rule covers requests that are decided as before.
  const whole = all.every((one) => one[side].rule !== rule || same.includes(one) || !methods.includes(one.method));
  const notes = [
    endpoint.written.path === undefined ? "" : `within ${endpoint.written.path}`,
    audited && effect !== "neutral" ? "not allowed by any rule: passed all the same and written down (audit)" : "",
    effect === "neutral"
      ? audited
        ? "passes only because refusals are written down (audit)"
        : "allowed by a rule; was passed by audit"
      : "",
    other.rule && !other.passes ? `denied by ${other.rule.text} ${side === "after" ? "before" : "now"}` : "",
    whole || audited || effect === "neutral" ? "" : `in part: other requests of ${path} are decided as before`,
  ];
  return [
    finding({
      cell,
      endpoint,
      area: effect === "neutral" ? "enforcement" : "network",
      effect,
      methods,
      what: `${methodText(methods, endpoint.written.protocol)} ${pathText(path)}`,
      path: rule && !audited ? rule.path : undefined,
      note: notes.filter((text) => text !== "").join("; ") || undefined,
      example: exampleOf(first, cell),
    }),
  ];
}

function methodText(methods: readonly string[], protocol: string | undefined): string {
  const plain = methods.filter((method) => !["UPGRADE", "WEBSOCKET_TEXT", "*"].includes(method));
  if (plain.length === 7) return "every method";
  const shown = plain.filter((method) => method !== "HEAD" || !plain.includes("GET"));
  if (methods.includes("*")) shown.push("other methods");
  if (protocol === "websocket" || plain.length === 0) {
    if (methods.includes("UPGRADE")) shown.push("open a WebSocket");
    if (methods.includes("WEBSOCKET_TEXT")) shown.push("messages on a WebSocket");
  }
  return shown.join(", ");
}

function pathText(path: string): string {
  return path === "**" || path === "/**" ? "every path" : path;
}

function exampleOf({ method, path, search }: Judged, { host, ports }: Cell): string {
  const verb =
    method === "*" ? "PROPFIND" : method === "UPGRADE" || method === "WEBSOCKET_TEXT" ? "GET (WebSocket)" : method;
  const [port = 443] = ports;
  const origin = port === 80 ? `http://${host}` : `https://${host}${port === 443 ? "" : `:${port}`}`;
  return `${verb} ${origin}${path}${search && `?${search}`}`;
}
