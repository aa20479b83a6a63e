import { canonical } from "../canonical.ts";
import type { Endpoint } from "../policy.ts";
import type { Cell } from "./cells.ts";
import { type Finding, finding } from "./finding.ts";

/** How a connection is handled besides which requests pass. Setting a field of `opens` widens, removing it narrows. */
const fields: Partial<Record<keyof Endpoint, { readonly opens: boolean; readonly what: string }>> = {
  tls: { opens: true, what: "TLS passes unopened (tls: skip)" },
  allow_uninspected_credentials: { opens: true, what: "credentials pass unlooked at (allow_uninspected_credentials)" },
  websocket_credential_rewrite: { opens: true, what: "credentials are filled into WebSocket messages" },
  request_body_credential_rewrite: { opens: true, what: "credentials are filled into request bodies" },
  credential_signing: { opens: true, what: "requests are signed with a credential (credential_signing)" },
  signing_service: { opens: true, what: "the service that requests are signed for" },
  signing_region: { opens: true, what: "the region that requests are signed for" },
  credential_binding: { opens: true, what: "a provider's credential is used (credential_binding)" },
};

/** Differences in how the connections of a cell are handled. */
export function handlingFindings(cell: Cell): Finding[] {
  const found = (Object.keys(fields) as (keyof Endpoint)[]).flatMap((field): Finding[] => {
    const [was, is] = [valuesOf(cell.before, field), valuesOf(cell.after, field)];
    const { what = field } = fields[field] ?? {};
    const endpoint = cell.after[0];
    if (endpoint === undefined || was.join() === is.join()) return [];
    const area = "enforcement" as const;
    if (is.length === 0) return [finding({ cell, endpoint, area, effect: "narrows", what, note: "no more" })];
    const comparable = was.length === 0;
    const note = comparable ? "new" : `${was.join(" ")} before, ${is.join(" ")} now`;
    return [finding({ cell, endpoint, area, effect: "widens", comparable, what, note })];
  });
  return [...found, ...nativeTcp(cell)];
}

function valuesOf(endpoints: Cell["before"], field: keyof Endpoint): string[] {
  const values = endpoints
    .map(({ written }) => written[field])
    .filter((value) => value !== undefined && value !== false);
  return [...new Set(values.map((value) => canonical(value).trim()))].sort();
}

function nativeTcp(cell: Cell): Finding[] {
  const native = (endpoints: Cell["before"]) => endpoints.some(({ written }) => written.protocol === "tcp");
  const endpoint = cell.after[0];
  if (endpoint === undefined || native(cell.before) === native(cell.after)) return [];
  const effect = native(cell.after) ? "widens" : "narrows";
  return [finding({ cell, endpoint, effect, what: "connections without asking the proxy (protocol tcp)" })];
}
