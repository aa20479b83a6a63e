import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { AddressInfo, Socket } from "node:net";
import { writeAtomically } from "../atomic-file.ts";
import { openAuthority } from "./authority.ts";
import { connections } from "./connections.ts";
import type { Gate } from "./gate.ts";
import { type JournalLimits, journal } from "./journal.ts";
import { readPolicy } from "./policy.ts";
import { createProxy } from "./proxy.ts";
import { type Network, pool, realNetwork } from "./upstream.ts";

/** What the gate is told at start. */
export interface GateOptions {
  /** The policy file, `{version: 1, network_policies}`. Until there is a good one nothing but the route is reachable. */
  policy: string;
  /** TCP port on 127.0.0.1; 0 takes a free one. */
  port: number;
  /** The inference route's unix socket. */
  route: string;
  /** The status file, kept up to date. */
  status: string;
  /** Folder for the gate's own certificate authority. */
  caDir: string;
  /** Where the authority's certificate is put for the sandbox to read. */
  caCert: string;
  /** Users whose connections are taken. */
  uids: readonly number[];
  /** Takes journal lines. @default standard output */
  write?: (line: string) => void;
  /** How much of what repeats is written. */
  journal?: JournalLimits;
  /** @default the machine's */
  network?: Network;
}

/** The status file's content. */
export interface GateStatus {
  /** sha256 of the policy file's bytes in force; absent before there was a good one. */
  policySha256?: string;
  /** When they came into force. */
  loadedAt?: string;
  /** Why the file as it is now is not in force. */
  error?: string;
  /** Connections open to destinations. */
  tunnels: number;
  port: number;
}

/** A gate at work. */
export interface RunningGate {
  readonly port: number;
  /** Reads the policy file again; a bad one is refused, and the old one stays. */
  reload(): void;
  close(): Promise<void>;
}

const quietMs = 500;

/** Starts a gate and waits until it listens. */
export async function startGate(options: GateOptions): Promise<RunningGate> {
  const network = options.network ?? realNetwork();
  const gate: Gate = {
    policy: [],
    journal: journal(options.write ?? ((line) => process.stdout.write(`${line}\n`)), options.journal),
    connections: connections(),
    network,
    pool: pool(network),
    authority: await openAuthority(options.caDir, options.caCert),
    route: options.route,
    uids: new Set(options.uids),
  };
  const server = createProxy(gate);
  const clients = new Set<Socket>();
  server.on("connection", (client) => {
    clients.add(client);
    client.once("close", () => clients.delete(client));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;

  let status: GateStatus = { tunnels: 0, port };
  const publish = () => {
    status = { ...status, tunnels: gate.connections.count };
    writeAtomically(options.status, `${JSON.stringify(status)}\n`, 0o644);
  };
  let due: NodeJS.Timeout | undefined;
  gate.connections.onChange = () => {
    due ??= setTimeout(() => {
      due = undefined;
      publish();
    }, quietMs).unref();
  };

  const reload = () => {
    try {
      const bytes = readFileSync(options.policy);
      gate.policy = readPolicy(bytes.toString("utf8"));
      const cut = gate.connections.cut(gate.policy);
      gate.pool.drain();
      const policySha256 = createHash("sha256").update(bytes).digest("hex");
      status = { policySha256, loadedAt: new Date().toISOString(), tunnels: 0, port };
      gate.journal.event("policy", { policySha256, endpoints: gate.policy.length, cut });
    } catch (error) {
      status = { ...status, error: (error as Error).message };
      gate.journal.event("policy-refused", { error: status.error });
    }
    publish();
  };
  reload();
  return {
    port,
    reload,
    async close() {
      clearTimeout(due);
      gate.connections.onChange = () => {};
      gate.journal.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const client of clients) client.destroy();
      await closed;
      gate.pool.drain();
    },
  };
}
