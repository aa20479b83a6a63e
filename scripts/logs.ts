import { quote } from "../host/command.ts";
import { Connection } from "../host/connection.ts";
import { HostError } from "../host/errors.ts";
import { rootShell } from "../host/root.ts";
import { ExitError, findStanding, runScript, stackCommand } from "./stack-command.ts";

interface Options {
  readonly stack: string;
  readonly follow?: boolean;
  readonly lines: string;
  readonly json?: boolean;
}

const parts: Record<string, readonly string[]> = {
  agent: ["nemoclaw-sandbox"],
  bridge: ["nemoclaw-bridge"],
  tunnel: ["nemoclaw-tunnel"],
  denials: ["nemoclaw-gate", "nemoclaw-sandbox"],
};
const everything = ["nemoclaw-sandbox", "nemoclaw-gate", "nemoclaw-route", "nemoclaw-bridge", "nemoclaw-tunnel"];

const program = stackCommand("logs", "What the units of a stack's sandbox wrote to the machine's journal.")
  .argument("[what]", `${Object.keys(parts).join(", ")}; all of it where nothing is named`)
  .option("-f, --follow", "go on as it is written, until Ctrl-C")
  .option("-n, --lines <count>", "how many of the last lines to begin with", "100")
  .option("--json", "one JSON object a line, as journald has it");

await runScript(async () => {
  program.parse();
  const { stack, follow, lines, json } = program.opts<Options>();
  const [what] = program.args;
  const units = what === undefined ? everything : parts[what];
  if (!units) throw new ExitError(`scripts/logs knows ${Object.keys(parts).join(", ")}; not ${what}`, 64);
  if (!/^\d+$/.test(lines)) throw new ExitError(`--lines takes a number, not ${lines}`, 64);

  const { machine, sandbox } = await findStanding(stack);
  const connection = await Connection.open(machine, { connectSeconds: 30, log: (line) => console.error(line) });
  const controller = new AbortController();
  process.once("SIGINT", () => controller.abort());
  const words = [
    "journalctl",
    "--no-pager",
    "--quiet",
    ...(json ? ["--output=json"] : ["--output=short-iso"]),
    ...(follow ? ["--follow"] : []),
    // Denials are picked out of more than is asked for.
    `--lines=${what === "denials" ? Number(lines) * 20 : lines}`,
    ...units.flatMap((unit) => ["--unit", `${unit}@${sandbox}.service`]),
    // The sandbox has a journal of its own, so that what it writes cannot crowd out the machine's.
    "--namespace=*",
  ];
  const show = lineSplitter((line) => {
    if (what !== "denials" || /"decision":\s*"deny"|\\"decision\\":\s*\\"deny\\"/.test(line)) console.log(line);
  });
  try {
    const run = await connection.exec(rootShell(machine.user), {
      stdin: `exec ${words.map(quote).join(" ")}\n`,
      onOutput: (chunk, stream) => (stream === "stdout" ? show(chunk) : process.stderr.write(chunk)),
      signal: controller.signal,
    });
    return run.exitCode;
  } catch (error) {
    if (error instanceof HostError && error.kind === "cancelled") return 130;
    throw error;
  } finally {
    await connection.close();
  }
});

function lineSplitter(onLine: (line: string) => void): (chunk: string) => void {
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  };
}
