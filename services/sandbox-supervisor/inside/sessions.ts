import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mostUnread, type Report, type SessionOrder, type Terminal } from "../protocol.ts";
import { endGroup, signalled } from "./exec.ts";

const mostSessions = 16;
const pieceBytes = 32 * 1024;

/** Where programs of sessions run. */
export interface SessionPlace {
  readonly environment: NodeJS.ProcessEnv;
  readonly folder: string;
}

type Tell = (report: Report) => void;

/**
 * Programs inside that somebody outside is connected to: what is typed goes in and what they write comes out as it does. Neither
 * side sends more than the other has room for.
 */
export class Sessions {
  readonly #place: SessionPlace;
  readonly #open = new Map<string, Session>();

  constructor(place: SessionPlace) {
    this.#place = place;
  }

  take(order: SessionOrder, tell: Tell): void {
    const { id } = order;
    if (order.op !== "open") {
      this.#open.get(id)?.take(order);
      return;
    }
    if (this.#open.size >= mostSessions) {
      tell({ id, fault: { kind: "busy", message: `${mostSessions} programs are connected already` } });
      return;
    }
    const session = new Session(order, this.#place, tell);
    this.#open.set(id, session);
    session.ended.then((exitCode) => {
      this.#open.delete(id);
      tell({ id, answer: { exitCode } });
    });
  }
}

class Session {
  readonly ended: Promise<number>;
  readonly #id: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #tell: Tell;
  #unread = 0;

  constructor(
    { id, argv, terminal }: SessionOrder & { op: "open" },
    { environment, folder }: SessionPlace,
    tell: Tell,
  ) {
    this.#id = id;
    this.#tell = tell;
    const [program = "", ...words] = terminal ? inTerminal(argv, terminal) : argv;
    this.#child = spawn(program, words, {
      cwd: folder,
      env: terminal ? { ...environment, TERM: terminal.name } : environment,
      // A group of its own, so that what it starts ends with it.
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.ended = this.#follow();
  }

  take(order: Exclude<SessionOrder, { op: "open" }>): void {
    const { stdin } = this.#child;
    if (order.op === "input") {
      const data = Buffer.from(order.data, "base64");
      const taken = () => this.#tell({ id: this.#id, taken: data.length });
      // A program that reads no more is no reason to hold back who writes to it.
      if (stdin.writable) stdin.write(data, taken);
      else taken();
    } else if (order.op === "end") stdin.end();
    else if (order.op === "resize") resize(this.#child.pid, order);
    else if (order.op === "taken") this.#read(order.bytes);
    else this.#hangUp();
  }

  #follow(): Promise<number> {
    const child = this.#child;
    child.stdin.on("error", () => {});
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].on("data", (chunk: Buffer) => this.#send(stream, chunk));
    }
    // Something it left behind may hold the pipes open for ever; its own end is what counts.
    child.once("exit", () => {
      setTimeout(() => endGroup(child.pid), 1000);
      const last = setInterval(() => {
        if (this.#unread > 0) return;
        child.stdout.destroy();
        child.stderr.destroy();
      }, 2000);
      child.once("close", () => clearInterval(last));
    });
    return new Promise((resolve) => {
      child.once("error", ({ message }) => {
        this.#send("stderr", Buffer.from(`${message}\n`));
        resolve(127);
      });
      child.once("close", (code, signal) => resolve(code ?? signalled(signal)));
    });
  }

  #send(output: "stdout" | "stderr", chunk: Buffer): void {
    for (let from = 0; from < chunk.length; from += pieceBytes) {
      const data = chunk.subarray(from, from + pieceBytes).toString("base64");
      this.#tell({ id: this.#id, output, data });
    }
    this.#unread += chunk.length;
    if (this.#unread > mostUnread) for (const stream of [this.#child.stdout, this.#child.stderr]) stream.pause();
  }

  #read(bytes: number): void {
    this.#unread = Math.max(0, this.#unread - bytes);
    if (this.#unread < mostUnread / 2) for (const stream of [this.#child.stdout, this.#child.stderr]) stream.resume();
  }

  // As when a terminal is closed; what ignores it is ended.
  #hangUp(): void {
    const { pid, exitCode } = this.#child;
    if (pid === undefined || exitCode !== null) return;
    endGroup(pid, "SIGHUP");
    const timer = setTimeout(() => endGroup(pid), 2000);
    this.#child.once("exit", () => clearTimeout(timer));
    this.#read(Number.POSITIVE_INFINITY);
  }
}

// Node cannot make a terminal; script, which every Debian has, can.
function inTerminal(argv: readonly string[], { columns, rows }: Terminal): string[] {
  const command = `stty rows ${rows} cols ${columns}; exec ${argv.map(quote).join(" ")}`;
  return ["script", "--quiet", "--flush", "--return", "--echo", "always", "--command", command, "/dev/null"];
}

function resize(pid: number | undefined, { columns, rows }: { columns: number; rows: number }): void {
  const device = pid === undefined ? undefined : terminalOf(pid);
  if (device === undefined) return;
  const stty = spawn("stty", ["-F", device, "rows", String(rows), "cols", String(columns)], { stdio: "ignore" });
  stty.once("error", () => {});
}

/** The terminal of the program that `script` started. */
function terminalOf(script: number): string | undefined {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const parent = /\) \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1];
      if (Number(parent) === script) return readlinkSync(`/proc/${pid}/fd/0`);
    } catch {
      // It ended while we looked.
    }
  }
  return undefined;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
