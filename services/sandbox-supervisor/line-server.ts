import { chmodSync, chownSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { parseLine, readLines } from "./lines.ts";
import { reason } from "./log.ts";
import { type Fault, mostLineBytes } from "./protocol.ts";

export type Request = Readonly<Record<string, unknown>>;
/** Answers one request, or throws, which the caller hears as `invalid`. */
export type Handle = (request: Request) => Promise<object>;

export interface LineSocket {
  readonly path: string;
  /** Who may connect, as a file's mode. */
  readonly mode: number;
  /** Owning group by name; ours when it is left out. */
  readonly group?: string;
  readonly handle: Handle;
  /** Takes a whole connection over from one of its requests on, and hears what follows; nothing for an ordinary request. */
  readonly join?: (request: Request, connection: Socket) => ((request: Request) => void) | undefined;
}

const mostConnections = 64;

/**
 * Serves a unix socket that carries one JSON object a line: a request with an `id`, and one reply with the same `id`, in the
 * order in which they are done. Nobody can connect before the socket has its group and mode.
 */
export async function serveLines({ path, mode, group, handle, join }: LineSocket): Promise<Server> {
  const server = createServer((connection) => {
    const reply = (value: object) => {
      if (connection.writable) connection.write(`${JSON.stringify(value)}\n`);
    };
    let joined: ((request: Request) => void) | undefined;
    connection.on("error", () => connection.destroy());
    readLines(connection, mostLineBytes, {
      line: async (text) => {
        const request = parseLine(text);
        const id = request?.id;
        try {
          if (request === undefined) throw new Error("a request is one JSON object a line");
          if (joined) return joined(request);
          joined = join?.(request, connection);
          if (joined) return;
          reply({ ...(id === undefined ? {} : { id }), ...(await handle(request)) });
        } catch (error) {
          reply({ ...(id === undefined ? {} : { id }), ok: false, error: invalid(reason(error)) });
        }
      },
      tooLong: () => reply({ ok: false, error: invalid(`a line is longer than ${mostLineBytes} bytes`) }),
    });
  });
  server.maxConnections = mostConnections;
  await listen(server, { path, mode, group });
  return server;
}

/** Lets a server listen on a unix socket, in the place of one that was left behind. */
export async function listen(server: Server, { path, mode, group }: Omit<LineSocket, "handle">): Promise<void> {
  rmSync(path, { force: true });
  const before = process.umask(0o777);
  try {
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(path, resolve));
  } finally {
    process.umask(before);
  }
  if (group !== undefined) chownSync(path, -1, groupId(group));
  chmodSync(path, mode);
}

function invalid(message: string): Fault {
  return { kind: "invalid", message };
}

function groupId(name: string): number {
  const line = readFileSync("/etc/group", "utf8")
    .split("\n")
    .find((row) => row.startsWith(`${name}:`));
  if (line === undefined) throw new Error(`the group ${name} does not exist on this machine`);
  return Number(line.split(":")[2]);
}
