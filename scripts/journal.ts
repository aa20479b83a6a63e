import { quote } from "../host/command.ts";
import type { LogSource, LogWanted } from "../host/runtimes/log-source.ts";
import { deniedPattern, logEntry } from "./log-entry.ts";

/**
 * The machine's journal of some units.
 *
 * @param parts unit to part
 */
export function journal(parts: Readonly<Record<string, string>>): LogSource {
  return {
    script: (wanted) => {
      const ask = (how: LogWanted) => journalctl(Object.keys(parts), how).map(quote).join(" ");
      // journalctl does not tell where what is new begins, so what there is is counted before.
      const count = wanted.counted
        ? `echo "backlog $(${ask({ ...wanted, follow: false })} 2>/dev/null | wc -l)"\n`
        : "";
      return `${count}exec ${ask(wanted)}\n`;
    },
    read: (line) => logEntry(line, parts),
  };
}

function journalctl(units: readonly string[], { follow, lines, since, denials }: LogWanted): string[] {
  return [
    ...["journalctl", "--no-pager", "--quiet", "--output=json"],
    ...(follow ? ["--follow"] : []),
    ...(since === undefined ? [] : [`--since=${since}`]),
    // Picked out there, or the last lines would hold hardly any.
    ...(denials ? [`--grep=${deniedPattern}`, "--case-sensitive=yes"] : []),
    `--lines=${lines}`,
    ...units.flatMap((unit) => ["--unit", unit]),
    // The sandbox has a journal of its own, so that what it writes cannot crowd out the machine's.
    "--namespace=*",
  ];
}
