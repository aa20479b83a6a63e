import { quote } from "../host/command.ts";
import { Connection } from "../host/connection.ts";
import { isCancelled } from "../host/errors.ts";
import { rootShell } from "../host/root.ts";
import { unitsByPart } from "./environment-units.ts";
import { deniedPattern, type LogEntry, logEntry, printEntry } from "./log-entry.ts";
import { ExitError, findStanding, runScript, type Standing, stackCommand } from "./stack-command.ts";

interface Options {
  readonly stack: string;
  readonly follow?: boolean;
  readonly lines: string;
  readonly since?: string;
  readonly json?: boolean;
}

const program = stackCommand("logs", "What a stack's sandbox and everything around it wrote, by time.")
  .argument("[what...]", "agent, gate, route, gateway, bridge, tunnel, denials; all of it where nothing is named")
  .option("-f, --follow", "go on as it is written, until Ctrl-C")
  .option("-n, --lines <count>", "how many of the last lines to begin with", "100")
  .option("--since <time>", 'not what is older: "10 min ago", "2026-11-22 21:00"')
  .option("--json", "one JSON object a line: {at, part, level, denied, text, fields}")
  .addHelpText(
    "after",
    `
  scripts/logs --follow denials          what is refused, as it happens
  scripts/logs bridge agent -n 50        two of them, merged

What the agent was refused on the network is told by the gate, what it was refused on disk by the agent's own part.

Exit codes: 0 shown, 1 error, 64 usage, 130 cancelled.`,
  );

await runScript(async () => {
  program.parse();
  const { stack, follow = false, lines, since, json } = program.opts<Options>();
  if (!/^\d{1,6}$/.test(lines)) throw new ExitError(`--lines takes a number, not ${lines}`, 64);
  const standing = await findStanding(stack);
  const all = unitsByPart(standing);
  const named = program.args.filter((part) => part !== "denials");
  const denials = named.length < program.args.length;
  const unknown = named.find((part) => !(part in all));
  if (unknown !== undefined) {
    throw new ExitError(`scripts/logs knows ${[...Object.keys(all), "denials"].join(", ")} here; not ${unknown}`, 64);
  }
  const chosen = named.length > 0 ? named : Object.keys(all);
  const parts = Object.fromEntries(chosen.map((part) => [all[part] ?? "", part]));
  const show = (entry: LogEntry) => console.log(json ? JSON.stringify(entry) : printEntry(entry));
  const words = journalctl({ units: Object.keys(parts), follow, lines, since, denials });

  const found: LogEntry[] = [];
  const exitCode = await read(standing, words, (line) => {
    const entry = logEntry(line, parts);
    if (!entry || (denials && !entry.denied)) return;
    if (follow) show(entry);
    else found.push(entry);
  });
  for (const entry of found.toSorted((a, b) => a.at.localeCompare(b.at)).slice(-Number(lines))) show(entry);
  return exitCode;
});

interface Wanted {
  readonly units: readonly string[];
  readonly follow: boolean;
  readonly lines: string;
  readonly since?: string;
  readonly denials: boolean;
}

function journalctl({ units, follow, lines, since, denials }: Wanted): string[] {
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

async function read({ machine }: Standing, words: readonly string[], onLine: (line: string) => void): Promise<number> {
  const connection = await Connection.open(machine, { connectSeconds: 30, log: (line) => console.error(line) });
  const controller = new AbortController();
  process.once("SIGINT", () => controller.abort());
  const split = lineSplitter(onLine);
  let said = "";
  try {
    const { exitCode } = await connection.exec(rootShell(machine.user), {
      stdin: `exec ${words.map(quote).join(" ")}\n`,
      onOutput: (chunk, stream) => {
        if (stream === "stdout") return split(chunk);
        said += chunk;
        process.stderr.write(chunk);
      },
      signal: controller.signal,
    });
    // It ends with 1 when nothing matches.
    return exitCode === 1 && said === "" ? 0 : exitCode;
  } catch (error) {
    if (isCancelled(error)) return 130;
    throw error;
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
