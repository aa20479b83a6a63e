import type { Socket } from "node:net";
import type { Request } from "./line-server.ts";
import { log } from "./log.ts";
import { mostUnread, type Terminal } from "./protocol.ts";
import type { Tree } from "./tree.ts";

// A sandbox that takes no notice of how much there is room for is cut off, not stored.
const mostHeld = 16 * 1024 * 1024;

/**
 * Joins a connection to a program inside, for as long as both last. It then carries `{input}`, `{end: true}` and
 * `{resize: {columns, rows}}` in, and `{output, data}` out; at the end `{exitCode}` or `{ok: false, error}`. Data is base64.
 *
 * @throws when the request is not right
 */
export function joinSession(
  tree: Pick<Tree, "open">,
  { argv, terminal }: Request,
  connection: Socket,
): (request: Request) => void {
  const words = wordsOf(argv);
  const seen = terminal === undefined ? undefined : terminalOf(terminal);
  let [under, owed] = [0, 0];
  const session = tree.open(words, seen, {
    output(output, data) {
      const bytes = Buffer.byteLength(data, "base64");
      if (connection.writableLength > mostHeld) connection.destroy();
      else if (connection.write(`${JSON.stringify({ output, data })}\n`)) session.tell({ op: "taken", bytes });
      else owed += bytes;
    },
    taken(bytes) {
      under = Math.max(0, under - bytes);
      if (under < mostUnread / 2) connection.resume();
    },
  });
  log("info", "session-opened", { program: words[0], terminal: seen !== undefined });
  connection.on("drain", () => {
    session.tell({ op: "taken", bytes: owed });
    owed = 0;
  });
  connection.once("close", () => session.tell({ op: "close" }));
  void session.ended.then((outcome) => {
    const last = "answer" in outcome ? outcome.answer : { ok: false, error: outcome.fault };
    log("info", "session-ended", { ...last });
    connection.resume();
    if (!connection.destroyed) connection.end(`${JSON.stringify(last)}\n`);
  });
  return ({ input, end, resize }) => {
    if (typeof input === "string") {
      under += Buffer.byteLength(input, "base64");
      session.tell({ op: "input", data: input });
      if (under > mostUnread) connection.pause();
    } else if (end === true) session.tell({ op: "end" });
    else session.tell({ op: "resize", ...sizeOf(resize) });
  };
}

/** @throws when a value is no command */
export function wordsOf(argv: unknown): string[] {
  if (Array.isArray(argv) && argv.length > 0 && argv.every((word) => typeof word === "string")) return argv;
  throw new Error("argv must be a list of words");
}

function terminalOf(value: unknown): Terminal {
  const { name } = (value ?? {}) as { name?: unknown };
  // It becomes a variable inside, and programs there look for a file of this name.
  if (typeof name === "string" && /^[A-Za-z0-9][A-Za-z0-9+._-]{0,63}$/.test(name)) return { name, ...sizeOf(value) };
  throw new Error("terminal must be {name, columns, rows}");
}

function sizeOf(value: unknown): { columns: number; rows: number } {
  const { columns, rows } = (value ?? {}) as { columns?: unknown; rows?: unknown };
  const right = (size: unknown): size is number => Number.isInteger(size) && Number(size) > 0 && Number(size) < 65536;
  if (right(columns) && right(rows)) return { columns, rows };
  throw new Error("a terminal has columns and rows, whole numbers from 1 to 65535");
}
