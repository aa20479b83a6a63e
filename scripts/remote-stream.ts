import { PassThrough, type Readable, type Writable } from "node:stream";
import { Connection } from "../host/connection.ts";
import { HostError } from "../host/errors.ts";
import type { Machine } from "../host/machine.ts";
import { rootLine } from "../host/root.ts";

/** A script on a machine that takes or gives more than fits into memory. */
export interface RemoteStream {
  /** What it is for, in an error: `the workspace could not be moved`. */
  readonly fails: string;
  readonly script: string;
  /** What goes out and in. When it fails, as on a full disk here, the script there ends, too. */
  readonly attach: (output: Readable, input: Writable) => Promise<void>;
}

/**
 * Runs a script on a machine as root, over a connection of its own. An interrupt ends both.
 *
 * @throws HostError of kind `cancelled` after an interrupt, `unreachable` when the connection was lost, `command` when it failed
 * there or here
 */
export async function streamRemotely(machine: Machine, { fails, script, attach }: RemoteStream): Promise<void> {
  const connection = await Connection.open(machine, { connectSeconds: 30, log: (line) => console.error(line) });
  let [said, exitCode, interrupted] = ["", undefined as number | undefined, false];
  const end = () => void connection.close();
  const interrupt = () => {
    interrupted = true;
    end();
  };
  try {
    const { channel, work } = await connection.hold(rootLine(machine.user, script), (opened) => {
      opened.stderr.on("data", (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-4096);
      });
      opened.on("exit", (code: number | null) => {
        exitCode = code ?? 255;
      });
      const closed = new Promise<void>((done) => opened.once("close", () => done()));
      // A channel that is given up before all of it was read is never closed, and whoever pipes from it waits for that.
      const output = opened.pipe(new PassThrough());
      opened.once("close", () => output.end());
      const attached = attach(output, opened).then(
        () => undefined,
        (error: unknown) => {
          opened.resume();
          if (exitCode === undefined) end();
          return error;
        },
      );
      return { channel: closed, work: attached };
    });
    process.once("SIGINT", interrupt);
    const [failure] = await Promise.all([work, channel]);
    if (interrupted) {
      const summary = `interrupted; nothing was changed on ${connection.where}`;
      throw new HostError("cancelled", { summary });
    }
    if (exitCode === 0 && failure === undefined) return;
    throw failureOf(connection.where, fails, { said, exitCode, failure });
  } finally {
    process.off("SIGINT", interrupt);
    await connection.close();
  }
}

interface Ended {
  readonly said: string;
  readonly exitCode: number | undefined;
  readonly failure: unknown;
}

function failureOf(where: string, fails: string, { said, exitCode, failure }: Ended): HostError {
  const reason = failure instanceof Error ? failure.message : undefined;
  // A file or a disk of this computer, and not what the machine did about it.
  if (failure instanceof Error && "syscall" in failure) {
    return new HostError("command", {
      summary: `${fails}: a file here; nothing was changed on ${where}`,
      said: reason,
    });
  }
  if (exitCode === undefined) {
    return new HostError("unreachable", { summary: `the connection to ${where} was lost; nothing was changed`, said });
  }
  // What went wrong there explains what went wrong here.
  return new HostError("command", {
    summary: `${fails} on ${where}; nothing was changed`,
    exitCode,
    said: said || reason,
  });
}
