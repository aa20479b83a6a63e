import { lstatSync, unlinkSync } from "node:fs";
import { writeAtomically } from "../atomic-file.ts";
import { redact } from "./redact.ts";
import { createRoute } from "./server.ts";
import { readSettings, type Settings } from "./settings.ts";

/** What the route is told at start. */
export interface RouteOptions {
  /** The configuration file, `{baseUrl, model, timeoutSeconds?}`. */
  config: string;
  /** The unix socket it serves; mode 0660, so its group may use it. */
  socket: string;
  /** The status file, kept up to date. */
  status: string;
  /** Folder that holds `inference-key`. @default none, no key is sent */
  credentials?: string;
  /** Takes journal lines. @default standard output */
  write?: (line: string) => void;
}

/** The status file's content. */
export interface RouteStatus {
  /** sha256 of the configuration file's bytes in force; absent before there was a good one. */
  routeSha256?: string;
  model?: string;
  /** When they came into force. */
  loadedAt?: string;
  /** Why the file as it is now is not in force. */
  error?: string;
  /** What the upstream said last. */
  lastStatus?: number;
  keyPresent: boolean;
}

/** A route at work. */
export interface RunningRoute {
  /** Reads the configuration and the key again; bad ones are refused, and the old ones stay. */
  reload(): void;
  close(): Promise<void>;
}

/** Starts a route and waits until it listens. */
export async function startRoute(options: RouteOptions): Promise<RunningRoute> {
  const write = options.write ?? ((line: string) => process.stdout.write(`${line}\n`));
  let settings: Settings | undefined;
  let status: RouteStatus = { keyPresent: false };
  const line = (event: string, facts: object) => {
    const text = JSON.stringify({ t: new Date().toISOString(), event, ...facts });
    write(redact(text, settings?.key));
  };
  const publish = () => writeAtomically(options.status, `${JSON.stringify(status)}\n`, 0o644);
  const reload = () => {
    try {
      settings = readSettings(options.config, options.credentials);
      const { sha256: routeSha256, model, key } = settings;
      const { lastStatus } = status;
      const loaded: RouteStatus = {
        routeSha256,
        model,
        loadedAt: new Date().toISOString(),
        keyPresent: key !== undefined,
      };
      status = { ...loaded, ...(lastStatus === undefined ? {} : { lastStatus }) };
      line("route", { routeSha256, model, keyPresent: status.keyPresent });
    } catch (error) {
      status = { ...status, error: (error as Error).message };
      line("route-refused", { error: status.error });
    }
    publish();
  };
  reload();

  const server = createRoute({
    settings: () => settings,
    turn(facts) {
      line("turn", facts);
      if (facts.status === undefined || facts.status === status.lastStatus) return;
      status = { ...status, lastStatus: facts.status };
      publish();
    },
  });
  removeStale(options.socket);
  // Set before it exists: a socket is open to whom its mode allows from the first moment.
  const before = process.umask(0o117);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.socket, resolve);
  }).finally(() => process.umask(before));
  return {
    reload,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

// A process that was killed leaves its socket behind, and nobody can listen there again.
function removeStale(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) unlinkSync(path);
}
