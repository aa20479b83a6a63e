import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { configCommands } from "./config-command.ts";
import { EngineError, messageOf } from "./errors.ts";
import { operationCommands } from "./operation-command.ts";
import { stackCommands } from "./stack-command.ts";

/** How a command reaches the person: lines for reading, data for other programs, and the wish to stop. */
export interface Terminal {
  /** Lines for a person; on standard error when standard output carries data. */
  readonly say: (line: string) => void;
  /** Data; always on standard output. */
  readonly print: (text: string) => void;
  readonly cancelled: AbortSignal;
}

const announcement = "engine: embedded (this project's own; runs where the Pulumi CLI cannot be had)";

/** The command line, with the options spelled as the Pulumi CLI spells them. */
export function commandLine(terminal: Terminal): Command {
  const program = new Command("engine")
    .description(
      "Runs this project's Pulumi program without the Pulumi CLI: plugins from folders, state in files, one user on one machine.",
    )
    .addOption(new Option("-C, --cwd <folder>", "the project's folder").default("."))
    .addOption(new Option("-s, --stack <name>", "the stack; PULUMI_STACK otherwise").env("PULUMI_STACK"))
    .option("--non-interactive", "never ask")
    .addOption(
      new Option("--color <when>", "as in the CLI").choices(["auto", "always", "never", "raw"]).default("auto"),
    )
    .exitOverride()
    .showHelpAfterError();
  operationCommands(program, terminal);
  configCommands(program, terminal);
  stackCommands(program, terminal);
  for (const command of everyCommand(program)) command.exitOverride();
  return program;
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

/** A positive whole number. */
export function wholeNumber(typed: string): number {
  if (!/^[1-9]\d*$/.test(typed)) throw new InvalidArgumentError("a whole number above 0 is wanted");
  return Number(typed);
}

async function main(args: string[]): Promise<number> {
  const carriesData = args.some((arg) => arg === "--json" || arg === "-j" || arg === "config" || arg === "stack");
  const stream = carriesData ? process.stderr : process.stdout;
  const say = (line: string) => void stream.write(`${line}\n`);
  const stop = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(130);
    say("cancelling: what runs is ended in order; once more stops at once");
    stop.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    say(announcement);
    const print = (text: string) => void process.stdout.write(`${text}\n`);
    await commandLine({ say, print, cancelled: stop.signal }).parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 64;
    const known = error instanceof EngineError || process.env.NEMOCLAW_DEBUG === undefined;
    process.stderr.write(`error: ${known ? messageOf(error) : (error as Error).stack}\n`);
    return stop.signal.aborted ? 130 : error instanceof EngineError ? error.exitCode : 1;
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
