import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { HostError } from "./errors.ts";

/** A byte stream to an SSH server, not yet spoken on. */
export interface Wire {
  readonly stream: Duplex;
  /** Ends whatever carries the stream. */
  close(): void;
  /** What the carrier said on its own account: the standard error of a `via` command, once it has ended. */
  said(): Promise<string>;
}

/** A TCP connection. Rejects with Node's own error: the caller knows what is being reached. */
export function tcpWire(address: string, port: number, timeoutMs: number): Promise<Wire> {
  const socket = connectTcp({ host: address, port, noDelay: true });
  return new Promise((resolve, reject) => {
    const late = () => socket.destroy(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" }));
    socket.setTimeout(timeoutMs, late);
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.off("error", reject);
      resolve({ stream: socket, close: () => socket.destroy(), said: async () => "" });
    });
  });
}

/**
 * The standard input and output of a local program, such as `aws ssm start-session …` or `ssh -W`. It is started without
 * a shell.
 *
 * @throws HostError of kind `unreachable` when there is no such program
 */
export function commandWire(argv: readonly string[], where: string): Promise<Wire> {
  const [program = "", ...words] = argv;
  const child = spawn(program, words, { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4096);
  });

  return new Promise((resolve, reject) => {
    child.once("error", (cause: NodeJS.ErrnoException) => {
      reject(
        new HostError("unreachable", {
          summary:
            cause.code === "ENOENT"
              ? `${program} is not installed here, and ${where} is reached through it`
              : `${program} could not be started to reach ${where}`,
          ran: argv.join(" "),
          said: cause.message,
          try: `install ${program} on this computer, or change \`via\` of the machine`,
          cause,
        }),
      );
    });
    child.once("spawn", () => {
      // A program that ends early closes its pipe under a write; the end of its output already tells.
      child.stdin.on("error", () => {});
      const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
      // What the program said last is read by then; else its end would only be seen when the time for a login is over.
      stream.once("end", () => stream.destroy());
      const ended = once(child, "close").catch(() => {});
      resolve({
        stream,
        close: () => child.kill(),
        // Its pipes may close before its last words are read.
        said: async () => {
          await Promise.race([ended, sleep(1000, undefined, { ref: false })]);
          return said.trim();
        },
      });
    });
  });
}
