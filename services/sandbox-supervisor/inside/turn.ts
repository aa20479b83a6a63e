import { randomUUID } from "node:crypto";
import type { Fault, TurnAnswer } from "../protocol.ts";
import { type GatewayClient, type Reply, record } from "./gateway-client.ts";

export interface Turn {
  readonly session: string;
  readonly message: string;
  readonly timeoutSeconds: number;
}

/** One message to the agent and its answer. A turn that passes its deadline is aborted, so that it does not hold up its session. */
export async function turn(
  client: GatewayClient,
  { session, message, timeoutSeconds }: Turn,
): Promise<TurnAnswer | Fault> {
  const sessionKey = `agent:main:${session}`;
  const runId = randomUUID();
  const params = { message, sessionKey, idempotencyKey: runId, deliver: false, timeout: timeoutSeconds };
  const deadline = Promise.withResolvers<"late">();
  const timer = setTimeout(() => deadline.resolve("late"), timeoutSeconds * 1000);
  try {
    const reply = await Promise.race([client.request("agent", params, true), deadline.promise]);
    if (reply !== "late") return read(reply);
    void client.request("chat.abort", { sessionKey, runId });
    return { kind: "timeout", message: `the agent gave no answer within ${timeoutSeconds} s; the turn was aborted` };
  } finally {
    clearTimeout(timer);
  }
}

/** Reads the gateway's final frame of a turn. */
export function read(reply: Reply): TurnAnswer | Fault {
  if (!reply.ok) {
    // The gateway says UNAVAILABLE also when a model fails; when it is itself not there, the connection is.
    const kind = { CLOSED: "agent-down", UNAVAILABLE: "inference" }[reply.code] ?? "agent";
    return { kind: kind as Fault["kind"], message: reply.message };
  }
  const { status, summary, error, result } = reply.payload;
  const { payloads, meta } = record(result);
  const agent = record(record(meta).agentMeta);
  const effective = record(record(agent.terminalReceipt).effective);
  const parts = (Array.isArray(payloads) ? payloads : []).map(record);
  const text = parts
    .filter(({ isError }) => isError !== true)
    .flatMap((part) => (typeof part.text === "string" ? [part.text] : []))
    .join("\n\n");
  const model = effective.responseModel ?? effective.model ?? agent.model;

  const failed =
    parts.find(({ isError }) => isError === true)?.text ?? record(record(meta).error).message ?? error ?? summary;
  if (status !== "ok" || (text === "" && parts.length > 0)) {
    return { kind: "inference", message: typeof failed === "string" ? failed : `the turn ended as ${String(status)}` };
  }
  return { text, model: String(model ?? "unknown"), sessionId: String(agent.sessionId ?? "") };
}
