import type { LogSource } from "../host/runtimes/log-source.ts";
import { printEntry } from "./log-entry.ts";
import { LogOrder } from "./log-order.ts";
import { logSourcesOf } from "./log-sources.ts";
import { readLogs } from "./read-logs.ts";
import { endWithReader } from "./reader-gone.ts";
import { ExitError, findStandings, runScript, stackCommand } from "./stack-command.ts";

interface Options {
  readonly stack: string;
  readonly follow?: boolean;
  readonly lines: string;
  readonly since?: string;
  readonly json?: boolean;
}

/** So long lines of several logs are put in order while they are followed. */
const holdMilliseconds = 300;

const program = stackCommand(
  "logs",
  "What a stack's sandbox and everything around it wrote, by time; of several, what all of them did.",
)
  .argument("[what...]", "agent, gate, route, gateway, bridge, tunnel, denials; all of it where nothing is named")
  .option("-f, --follow", "go on as it is written, until Ctrl-C")
  .option("-n, --lines <count>", "how many of the last lines to begin with", "100")
  .option("--since <time>", 'not what is older: "10 min ago", "2026-11-22 21:00"')
  .option(
    "--json",
    "one JSON object a line: {at, part, level, denied, text, fields}, and sandbox where there are several",
  )
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
  const standings = await findStandings(stack);
  const denials = program.args.includes("denials");
  const logs = logSourcesOf(
    standings,
    program.args.filter((part) => part !== "denials"),
  );
  const counted = follow && logs.flatMap(({ sources }) => sources).length > 1;
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
    const read = logs.map(({ machine, sources }) => ({ machine, sources: sources.map(shown) }));
    return await readLogs(read, wanted, order);
  } finally {
    clearInterval(timer);
    order.end();
  }
});
