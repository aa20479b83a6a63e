import { Connection } from "../host/connection.ts";
import { isCancelled } from "../host/errors.ts";
import { rootShell } from "../host/root.ts";
import type { LogSource, LogWanted } from "../host/runtimes/log-source.ts";
import type { LogOrder, OrderedLog } from "./log-order.ts";
import type { MachineLogs } from "./log-sources.ts";
import { messageOf } from "./message-of.ts";
import { plainText } from "./terminal-text.ts";

/**
 * Reads several logs at a time, over one connection to each machine, until all have ended or Ctrl-C. A machine of several that does
 * not answer is told, and keeps nobody from the others' logs.
 *
 * @returns an exit code: 0, that of one that failed, or 130
 */
export async function readLogs(
  machines: readonly MachineLogs[],
  wanted: LogWanted,
  order: Pick<LogOrder, "log">,
): Promise<number> {
  // All of them before the first is read, or what it has of before would not wait for the others.
  const asked = machines.map(({ machine, sources }) => ({
    machine,
    sources: sources.map((source) => ({ user: machine.user, source, log: order.log() })),
  }));
  const controller = new AbortController();
  process.once("SIGINT", () => controller.abort());
  const one = async (connection: Connection, { user, source: { script, read }, log }: Asked): Promise<number> => {
    let said = "";
    const split = lineSplitter((line) => log.line(line, read(line)));
    try {
      const { exitCode } = await connection.exec(rootShell(user), {
        stdin: script(wanted),
        onOutput: (chunk, stream) => {
          if (stream === "stdout") return split(chunk);
          said += chunk;
          process.stderr.write(plainText(chunk));
        },
        signal: controller.signal,
      });
      if (exitCode === 0 || (exitCode === 1 && said === "")) return 0;
      // Beside others that are followed, one that is missing would go unseen.
      controller.abort();
      return exitCode;
    } catch (error) {
      if (isCancelled(error)) return 130;
      // What others of its kind are read for is over, too.
      controller.abort();
      throw error;
    } finally {
      log.end();
    }
  };
  const ofMachine = async ({ machine, sources }: (typeof asked)[number]): Promise<number[]> => {
    const log = (line: string) => console.error(line);
    const { signal } = controller;
    const connection = await Connection.open(machine, { connectSeconds: 30, log, signal }).catch((error: unknown) => {
      for (const each of sources) each.log.end();
      // By Ctrl-C, or as another's log has failed, which is what is told then.
      if (isCancelled(error)) return 130;
      if (machines.length === 1) throw error;
      console.error(plainText(messageOf(error)));
      return 1;
    });
    if (typeof connection === "number") return [connection];
    try {
      return await Promise.all(sources.map((source) => one(connection, source)));
    } finally {
      await connection.close();
    }
  };
  const read = await Promise.allSettled(asked.map(ofMachine));
  const codes = read.flatMap((one) => {
    if (one.status === "rejected") throw one.reason;
    return one.value;
  });
  return codes.find((code) => code !== 0 && code !== 130) ?? Math.max(0, ...codes);
}

interface Asked {
  readonly user: string;
  readonly source: LogSource;
  readonly log: OrderedLog;
}

function lineSplitter(onLine: (line: string) => void): (chunk: string) => void {
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  };
}
