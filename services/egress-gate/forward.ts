import http, { type ClientRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { pipeline } from "node:stream";
import type { Gate } from "./gate.ts";
import type { Entry } from "./journal.ts";
import { isRoute, judgeConnection, judgeRequest } from "./judge.ts";
import { answerHeaders, type BadRequest, type ReadRequest, readRequest, type Tunnel } from "./read-request.ts";
import { refuse } from "./refusal.ts";
import { AddressRefused, check } from "./upstream.ts";

// The route keeps its own time; a connection that nobody speaks on for this long is dead.
const idleMs = 900_000;
const routeAgent = new http.Agent({ keepAlive: true });

/** Judges one request and sends it on, or answers why not. */
export async function forward(
  gate: Gate,
  tunnel: Tunnel | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.on("error", () => response.destroy());
  response.on("error", () => request.destroy());
  const found = examine(gate, tunnel, request, false);
  if ("status" in found) return refuse(response, found.status, found.error, found.facts);
  const { read, facts } = found;
  // A tunnel was counted when it was opened; here the connection is only borrowed for one request.
  const done = tunnel ? () => {} : gate.connections.add(read.destination, gate.policy, request.socket);
  response.once("close", done);
  try {
    const outgoing = await send(gate, request, read);
    if (response.destroyed || request.socket.destroyed) return void outgoing.destroy();
    gate.journal.egress(facts);
    outgoing.on("response", (answer) => {
      try {
        relay(answer, response);
      } catch (error) {
        // Node reads some answers that it does not write, such as a status of 099.
        answer.destroy();
        fail(gate, response, read, facts, error as Error);
      }
    });
    outgoing.on("error", (error) => fail(gate, response, read, facts, error));
    response.once("close", () => !response.writableFinished && outgoing.destroy());
    // An upgrade that nobody asked for ends the connection without an answer or an error.
    outgoing.once("close", () => !response.headersSent && fail(gate, response, read, facts, new Error("no answer")));
    // Not a pipeline: a server that hangs up must not take the client's connection with it, an answer is due on that.
    request.pipe(outgoing);
  } catch (error) {
    fail(gate, response, read, facts, error as Error);
  }
}

/** A request that may go on, or the answer it gets instead. */
export type Examined = { read: ReadRequest; facts: Entry } | { status: number; error: string; facts: Entry };

/** Reads and judges a request, and writes a refusal down. */
export function examine(gate: Gate, tunnel: Tunnel | undefined, request: IncomingMessage, upgrade: boolean): Examined {
  const method = request.method ?? "";
  let read: ReadRequest;
  try {
    read = readRequest(request, tunnel);
  } catch (error) {
    const destination = tunnel?.destination ?? (error as BadRequest).destination;
    const facts: Entry = { decision: "deny", ...destination, method, reason: (error as Error).message };
    gate.journal.egress(facts);
    return { status: destination ? 403 : 400, error: "not a request the gate forwards", facts };
  }
  const { path, query } = read.target;
  const verdict = judgeRequest(gate.policy, read.destination, { method, path, query, upgrade });
  const facts: Entry = { ...read.destination, method, path, ...verdict };
  if (verdict.decision !== "deny") return { read, facts };
  gate.journal.egress(facts);
  return { status: 403, error: "denied by the network policy", facts };
}

/** Dials the destination, or the route, and starts a request there. */
export async function send(gate: Gate, request: IncomingMessage, read: ReadRequest): Promise<ClientRequest> {
  const { destination, scheme, target, rawTarget, headers } = read;
  const { host, port } = destination;
  const plain = { method: request.method, setHost: false, timeout: idleMs };
  const named = {
    host: port === (scheme === "https" ? 443 : 80) ? authority(host) : `${authority(host)}:${port}`,
    ...headers,
  };
  if (isRoute(destination)) {
    return http.request({
      ...plain,
      socketPath: gate.route,
      agent: routeAgent,
      path: `${target.path}${target.search}`,
      headers: named,
    });
  }
  const checked = await check(gate.network, gate.policy, destination);
  // What the rules were compared with is what is sent; where there are none, nothing is rewritten.
  const path = judgeConnection(gate.policy, destination).inspected ? `${target.path}${target.search}` : rawTarget;
  const options = { ...gate.pool.options(checked), ...plain, path, headers: named };
  const outgoing = http.request({ ...options, protocol: `${scheme}:`, agent: gate.pool.agent(scheme) });
  outgoing.on("timeout", () => outgoing.destroy(new Error(`nothing heard for ${idleMs / 60_000} minutes`)));
  return outgoing;
}

function authority(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** Sends an answer on as it comes. */
export function relay(answer: IncomingMessage, response: ServerResponse): void {
  // Without the server's own reason phrase, which nobody reads and which may hold anything.
  response.writeHead(answer.statusCode ?? 502, answerHeaders(answer));
  response.flushHeaders();
  pipeline(answer, response, () => {});
}

function fail(gate: Gate, response: ServerResponse, read: ReadRequest, facts: Entry, error: Error): void {
  if (response.destroyed) return;
  const reason = error.message || (error as NodeJS.ErrnoException).code || "it failed without a reason";
  if (error instanceof AddressRefused) {
    const denied: Entry = { ...facts, decision: "deny", rule: undefined, reason };
    gate.journal.egress(denied);
    refuse(response, 403, "denied by the network policy", denied);
    return;
  }
  gate.journal.event("egress-failed", { ...read.destination, method: facts.method, path: facts.path, reason });
  // The agent takes a 5xx from its model for something to wait out, for minutes.
  if (isRoute(read.destination)) refuse(response, 400, "the inference route is not available now", facts);
  else refuse(response, 502, "the destination could not be reached", { ...facts, reason });
}
