import { Connection } from "../host/connection.ts";
import { isCancelled } from "../host/errors.ts";
import type { Machine } from "../host/machine.ts";
import { rootShell } from "../host/root.ts";
import type { LogSource, LogWanted } from "../host/runtimes/log-source.ts";
import type { LogOrder } from "./log-order.ts";

interface Reading {
  readonly sources: readonly LogSource[];
  readonly wanted: LogWanted;
}

/**
 * Reads several logs of a machine at a time, over one connection, until all have ended or Ctrl-C.
 *
 * @returns an exit code: 0, that of one that failed, or 130
 */
export async function readLogs(
  machine: Machine,
  { sources, wanted }: Reading,
  order: Pick<LogOrder, "log">,
): Promise<number> {
  const connection = await Connection.open(machine, { connectSeconds: 30, log: (line) => console.error(line) });
  const controller = new AbortController();
  process.once("SIGINT", () => controller.abort());
  const one = async ({ script, read }: LogSource): Promise<number> => {
    let said = "";
    const log = order.log();
    const split = lineSplitter((line) => log.line(line, read(line)));
    try {
      const { exitCode } = await connection.exec(rootShell(machine.user), {
        stdin: script(wanted),
        onOutput: (chunk, stream) => {
          if (stream === "stdout") return split(chunk);
          said += chunk;
          process.stderr.write(chunk);
        },
        signal: controller.signal,
      });
      if (exitCode === 0 || (exitCode === 1 && said === "")) return 0;
      // Beside others that are followed, one that is missing would go unseen.
      controller.abort();
      return exitCode;
    } catch (error) {
      if (isCancelled(error)) return 130;
      throw error;
    } finally {
      log.end();
    }
  };
  try {
    const codes = await Promise.all(sources.map(one));
    return codes.find((code) => code !== 0 && code !== 130) ?? Math.max(...codes);
  } finally {
    await connection.close();
  }
}

function lineSplitter(onLine: (line: string) => void): (chunk: string) => void {
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  };
}
