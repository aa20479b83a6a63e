import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import { warmUpModel, warmUpPort } from "../agent-settings.ts";
import { GatewayClient, type Reply } from "./gateway-client.ts";

const mostSeconds = 120;

/**
 * Runs one turn against a model of our own on the loopback inside, so that the agent has loaded what its first turn loads. The
 * real model is not asked, and the conversation is forgotten.
 *
 * @returns what went wrong, if anything; it costs only the time that the first real turn then takes
 */
export async function warmUp(url: string, token: string): Promise<string | undefined> {
  const server = await serveModel();
  // Choosing the model of one turn takes more rights than a turn does.
  const client = new GatewayClient(url, token, ["operator.admin", "operator.write"]);
  const lost = client.connectOnce();
  const timer = setTimeout(() => client.close(), mostSeconds * 1000);
  try {
    const sessionKey = "agent:main:nemoclaw-warm-up";
    const turn = { message: "Are you ready?", sessionKey, idempotencyKey: randomUUID(), deliver: false };
    const asked = client.request("agent", { ...turn, model: `warm-up/${warmUpModel}` }, true);
    const reply: Reply | string = await Promise.race([asked, lost]);
    if (typeof reply === "string") return reply;
    await Promise.race([client.request("sessions.delete", { key: sessionKey }), lost]);
    return reply.ok ? undefined : reply.message;
  } finally {
    clearTimeout(timer);
    client.close();
    server.close();
    server.closeAllConnections();
  }
}

function serveModel(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "text/event-stream" });
    const write = (rest: object) => {
      const chunk = { id: "warm-up", object: "chat.completion.chunk", created: 0, model: warmUpModel, ...rest };
      response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    };
    write({ choices: [{ index: 0, delta: { role: "assistant", content: "ready" }, finish_reason: null }] });
    write({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
    write({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } });
    response.end("data: [DONE]\n\n");
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(warmUpPort, "127.0.0.1", () => resolve(server));
  });
}
