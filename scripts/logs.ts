import type { LogSource } from "../host/runtimes/log-source.ts";
import { unitsByPart } from "./environment-units.ts";
import { journal } from "./journal.ts";
import { printEntry } from "./log-entry.ts";
import { LogOrder } from "./log-order.ts";
import { readLogs } from "./read-logs.ts";
import { endWithReader } from "./reader-gone.ts";
import { ExitError, findStanding, runScript, type Standing, stackCommand } from "./stack-command.ts";

interface Options {
  readonly stack: string;
  readonly follow?: boolean;
  readonly lines: string;
  readonly since?: string;
  readonly json?: boolean;
}

/** So long lines of several logs are put in order while they are followed. */
const holdMilliseconds = 300;

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

What the agent was refused on the network is told by the gate, which under OpenShell is its supervisor. What it was refused on
disk is told by the agent's own part; OpenShell tells it to nobody but the agent.

Exit codes: 0 shown, 1 error, 64 usage, 130 cancelled.`,
  );

await runScript(async () => {
  program.parse();
  const { stack, follow = false, lines, since, json } = program.opts<Options>();
  if (!/^\d{1,6}$/.test(lines)) throw new ExitError(`--lines takes a number, not ${lines}`, 64);
  const standing = await findStanding(stack);
  const denials = program.args.includes("denials");
  const sources = chosenSources(
    standing,
    program.args.filter((part) => part !== "denials"),
  );
  const counted = follow && sources.length > 1;
  const wanted = { follow, lines: Number(lines), since, denials, counted };
  const order = new LogOrder({
    ...wanted,
    show: (entry) => console.log(json ? JSON.stringify(entry) : printEntry(entry)),
  });
  const shown = ({ script, read }: LogSource): LogSource => ({
    script,
    read: (line) => {
      const entry = read(line);
      return denials && !entry?.denied ? undefined : entry;
    },
  });
  if (follow) endWithReader();
  const timer = follow ? setInterval(() => order.flush(), holdMilliseconds) : undefined;
  try {
    return await readLogs(standing.machine, { sources: sources.map(shown), wanted }, order);
  } finally {
    clearInterval(timer);
    order.end();
  }
});

/** The named parts' logs, or all; all that is in the journal is one. */
function chosenSources(standing: Standing, named: readonly string[]): LogSource[] {
  const units = unitsByPart(standing);
  const own = standing.runtime.operations.logs?.(standing.sandbox) ?? {};
  const known = [...Object.keys(units), ...Object.keys(own)];
  const unknown = named.find((part) => !known.includes(part));
  if (unknown !== undefined) {
    throw new ExitError(`scripts/logs knows ${[...known, "denials"].join(", ")} here; not ${unknown}`, 64);
  }
  const chosen = named.length > 0 ? named : known;
  const parts = Object.fromEntries(
    Object.entries(units).flatMap(([part, unit]) => (chosen.includes(part) ? [[unit, part]] : [])),
  );
  return [
    ...(Object.keys(parts).length > 0 ? [journal(parts)] : []),
    ...Object.entries(own).flatMap(([part, source]) => (chosen.includes(part) ? [source] : [])),
  ];
}
