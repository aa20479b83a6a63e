import { Command, CommanderError, Option } from "commander";
import { configCommands } from "./config-command.ts";
import { EngineError, messageOf, refused } from "./errors.ts";
import { operationCommands } from "./operation-command.ts";
import { stackCommands } from "./stack-command.ts";
import type { Terminal } from "./terminal.ts";

const announcement = "engine: embedded (this project's own; runs where the Pulumi CLI cannot be had)";

// Known so that whoever types one hears that it is the CLI's, not that it does not exist.
const onlyTheCli = {
  "": "about cancel console convert do env import install login logout logs new org package plugin policy schema state watch whoami",
  config: "cp env refresh rm-all set-all",
  stack: "change-secrets-provider graph history rename select tag unselect",
};

/** Runs one command and gives its exit code: 0 fine, 1 error, 2 unexpected changes, 64 usage, 130 cancelled. */
export async function runCommandLine(args: string[]): Promise<number> {
  const carriesData = args.some((arg) => ["--json", "-j", "config", "stack"].includes(arg));
  const stream = carriesData ? process.stderr : process.stdout;
  const say = (line: string) => void stream.write(`${line}\n`);
  const print = (text: string) => void process.stdout.write(`${text}\n`);
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
    await commandLine({ say, print, cancelled: stop.signal }).parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 64;
    process.stderr.write(`error: ${messageOf(error)}\n`);
    if (!(error instanceof EngineError) && process.env.NEMOCLAW_DEBUG) console.error(error);
    if (stop.signal.aborted) return 130;
    return error instanceof EngineError ? error.exitCode : 1;
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}

function commandLine(terminal: Terminal): Command {
  const program = new Command("engine")
    .description(
      "Runs this project's Pulumi program without the Pulumi CLI: plugins from folders, state in files, one user on one machine.\n" +
        "Options are spelled as the CLI spells them.",
    )
    .addOption(new Option("-C, --cwd <folder>", "the project's folder").default("."))
    .addOption(new Option("-s, --stack <name>", "the stack").env("PULUMI_STACK"))
    .option("--non-interactive", "never ask")
    .addOption(
      new Option("--color <when>", "when to colour").choices(["auto", "always", "never", "raw"]).default("auto"),
    );
  operationCommands(program, terminal);
  configCommands(program, terminal);
  stackCommands(program, terminal);
  for (const [parent, names] of Object.entries(onlyTheCli)) {
    const above = program.commands.find((one) => one.name() === parent) ?? program;
    for (const name of names.split(" ")) refuse(above, name);
  }
  for (const command of everyCommand(program)) command.exitOverride().showHelpAfterError();
  return program;
}

function refuse(above: Command, name: string): void {
  above
    .command(`${name} [anything...]`, { hidden: true })
    .allowUnknownOption()
    .helpOption(false)
    .action(() => {
      throw refused(`the command "${above.parent ? `${above.name()} ` : ""}${name}"`);
    });
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}
