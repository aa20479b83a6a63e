import type { Server } from "node:net";
import { serveLines } from "./line-server.ts";
import { defaultTurnSeconds, mostExecSeconds, mostMessageBytes, mostTurnSeconds, sessionPattern } from "./protocol.ts";
import { joinSession, wordsOf } from "./session-socket.ts";
import type { Tree } from "./tree.ts";
import type { Turns } from "./turns.ts";

/** Group whose members may send turns. */
export const turnsGroup = "nemoclaw-turns";

/** `{op: "turn", session, message, timeoutSeconds?}` → `{ok: true, text, model, sessionId}` or `{ok: false, error}`. */
export function serveTurns(path: string, turns: Turns, group: string | undefined): Promise<Server> {
  return serveLines({
    path,
    mode: 0o660,
    group,
    async handle({ op, session, message, timeoutSeconds }) {
      if (op !== "turn") throw new Error(`unknown op ${JSON.stringify(op)}; this socket takes only turn`);
      if (typeof session !== "string" || !sessionPattern.test(session)) {
        throw new Error("session must be 1 to 128 small letters, digits and . _ : -, and start with a letter or digit");
      }
      if (typeof message !== "string" || message.trim() === "")
        throw new Error("message must be a text that is not empty");
      if (Buffer.byteLength(message) > mostMessageBytes)
        throw new Error(`message is longer than ${mostMessageBytes} bytes`);
      const outcome = await turns.take(
        session,
        message,
        seconds(timeoutSeconds ?? defaultTurnSeconds, mostTurnSeconds),
      );
      return "answer" in outcome ? { ok: true, ...outcome.answer } : { ok: false, error: outcome.fault };
    },
  });
}

export interface Control {
  readonly tree: Pick<Tree, "exec" | "open">;
  readonly status: () => object;
}

/**
 * `{op: "status"}`, `{op: "exec", argv, timeoutSeconds?}` and `{op: "open", argv, terminal?}`, for root alone. The last joins the
 * connection to a program inside.
 */
export function serveControl(path: string, { tree, status }: Control): Promise<Server> {
  return serveLines({
    path,
    mode: 0o600,
    join: (request, connection) => (request.op === "open" ? joinSession(tree, request, connection) : undefined),
    async handle({ op, argv, timeoutSeconds }) {
      if (op === "status") return status();
      if (op !== "exec") throw new Error(`unknown op ${JSON.stringify(op)}; this socket takes status, exec and open`);
      const outcome = await tree.exec(wordsOf(argv), seconds(timeoutSeconds ?? 60, mostExecSeconds));
      return "answer" in outcome ? outcome.answer : { ok: false, error: outcome.fault };
    },
  });
}

function seconds(value: unknown, most: number): number {
  if (typeof value === "number" && value > 0 && value <= most) return value;
  throw new Error(`timeoutSeconds must be a number above 0 and at most ${most}`);
}
