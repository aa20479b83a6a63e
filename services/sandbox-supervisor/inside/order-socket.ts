import { createServer, type Server, type Socket } from "node:net";
import { listen } from "../line-server.ts";
import { parseLine, readLines } from "../lines.ts";
import { mostLineBytes, type Order, type Report } from "../protocol.ts";

const mostClients = 16;
// Whoever does not read what is said is let go before it fills memory.
const mostUnread = 4 * mostLineBytes;

export type Obey = (order: Order, answer: (report: Report) => void) => Promise<void>;

/**
 * Takes orders from several clients on one unix socket, one JSON line each. Every client is told first how things are; an
 * answer goes to the client that asked, what happens to the agent goes to all.
 */
export class OrderSocket {
  readonly #clients = new Set<Socket>();
  #started: Report | undefined;
  #ready: Report | undefined;

  /** Tells all clients, and those that come later what is still true. */
  readonly tell = (report: Report): void => {
    if ("event" in report && report.event === "started") this.#started = report;
    if ("event" in report && report.event === "ready") this.#ready = report;
    // One that is told again would be counted again.
    if ("event" in report && report.event === "lost") this.#ready = undefined;
    for (const client of this.#clients) say(client, report);
  };

  /** Listens, for our own user alone, in the place of any socket that was left behind. */
  async serve(path: string, obey: Obey): Promise<Server> {
    const server = createServer((client) => {
      this.#clients.add(client);
      client.on("close", () => this.#clients.delete(client));
      client.on("error", () => client.destroy());
      for (const report of [this.#started, this.#ready]) if (report !== undefined) say(client, report);
      readLines(client, mostLineBytes, {
        line: (text) => {
          const order = parseLine(text) as Order | undefined;
          if (order !== undefined) void obey(order, (report) => say(client, report));
        },
      });
    });
    server.maxConnections = mostClients;
    await listen(server, { path, mode: 0o600 });
    return server;
  }
}

function say(client: Socket, report: Report): void {
  if (!client.writable) return;
  client.write(`${JSON.stringify(report)}\n`);
  if (client.writableLength > mostUnread) client.destroy();
}
