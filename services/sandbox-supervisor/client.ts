import { connect } from "node:net";
import { parseLine, readLines } from "./lines.ts";
import { type Fault, mostLineBytes } from "./protocol.ts";

export interface Call {
  readonly path: string;
  readonly request: object;
  readonly timeoutSeconds: number;
  /** What to say when nobody listens: which unit to look at. */
  readonly unit: string;
}

/** One request to one of the supervisor's sockets. A failure comes back as `{ok: false, error}`; it never throws. */
export function call({ path, request, timeoutSeconds, unit }: Call): Promise<Record<string, unknown>> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const fail = (kind: Fault["kind"], message: string) => {
      resolve({ ok: false, error: { kind, message } satisfies Fault });
      socket.destroy();
    };
    socket.setTimeout(timeoutSeconds * 1000, () =>
      fail("timeout", `${unit} gave no answer within ${timeoutSeconds} s`),
    );
    socket.on("error", ({ code, message }: NodeJS.ErrnoException) => {
      fail("agent-down", code === "EACCES" ? `this user may not ask ${unit}` : `${unit} does not answer: ${message}`);
    });
    socket.on("close", () => fail("agent-down", `${unit} closed the connection without an answer`));
    readLines(socket, 2 * mostLineBytes, {
      line: (text) => {
        const reply = parseLine(text);
        if (reply === undefined) return fail("agent", `${unit} gave an answer that cannot be read`);
        resolve(reply);
        socket.destroy();
      },
      tooLong: () => fail("agent", `${unit} gave an answer that is too long`),
    });
    socket.write(`${JSON.stringify(request)}\n`);
  });
}
