import { createServer, type Server } from "node:http";

/** What anybody who reaches the page may know; a tunnel can make it public. */
export interface SandboxStatus {
  readonly sandbox: string;
  readonly agentVersion: string;
  readonly ready: boolean;
  /** When this run started, in ISO 8601. */
  readonly startedAt: string;
  readonly lastModel?: string;
}

const headers = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
  "x-content-type-options": "nosniff",
};

/**
 * Serves a page about the sandbox on the machine's loopback: `/` for people, `/status.json`, and `/healthz`, which is 503 while
 * the agent does not answer.
 *
 * @throws when the port is taken
 */
export async function serveStatusPage(port: number, status: () => SandboxStatus): Promise<Server> {
  const server = createServer((request, response) => {
    const now = status();
    const send = (code: number, type: string, body: string) => {
      response.writeHead(code, { ...headers, "content-type": `${type}; charset=utf-8` });
      response.end(request.method === "HEAD" ? undefined : body);
    };
    const path = (request.url ?? "/").split("?")[0];
    if (request.method !== "GET" && request.method !== "HEAD") send(405, "text/plain", "only GET\n");
    else if (path === "/") send(200, "text/html", page(now));
    else if (path === "/status.json") send(200, "application/json", `${JSON.stringify(now)}\n`);
    else if (path === "/healthz") send(now.ready ? 200 : 503, "text/plain", now.ready ? "ok\n" : "not ready\n");
    else send(404, "text/plain", "not found\n");
  });
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new Error(`status page: ${error.message}`)));
    server.listen(port, "127.0.0.1", resolve);
  });
  return server;
}

/** The page itself. */
export function page({ sandbox, agentVersion, ready, startedAt, lastModel }: SandboxStatus): string {
  const rows = [
    ["agent", `OpenClaw ${agentVersion}`],
    ["state", ready ? "ready" : "not ready"],
    ["since", startedAt],
    ["last model", lastModel ?? "none yet"],
  ];
  const table = rows.map(([name = "", value = ""]) => `<tr><th>${html(name)}<td>${html(value)}`).join("\n");
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${html(sandbox)}</title>
<style>body{font:16px system-ui;margin:3em auto;max-width:34em}th{text-align:left;padding-right:2em;font-weight:500}</style>
<h1>Sandbox ${html(sandbox)}</h1>
<table>
${table}
</table>
`;
}

function html(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
