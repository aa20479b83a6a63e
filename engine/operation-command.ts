import { createInterface } from "node:readline/promises";
import { type Command, InvalidArgumentError, Option } from "commander";
import { blindConfig } from "./config.ts";
import { DigestReporter } from "./digest-reporter.ts";
import { EngineError, refused } from "./errors.ts";
import { destroy, type OperationOptions, type OperationResult, preview, refresh, up } from "./operations.ts";
import { paintFor } from "./paint.ts";
import { openStack, type Target } from "./session.ts";
import type { Terminal } from "./terminal.ts";
import { TerminalReporter } from "./terminal-reporter.ts";

interface Flags {
  cwd: string;
  stack?: string;
  nonInteractive?: boolean;
  showSames?: boolean;
  color: string;
  yes?: boolean;
  json?: boolean;
  diff?: boolean;
  refresh?: boolean;
  parallel?: number;
  expectNoChanges?: boolean;
  previewOnly?: boolean;
  clearPendingCreates?: boolean;
  skipPreview?: boolean;
}

const onlyTheCli = {
  target: "targets",
  targetDependents: "targets",
  exclude: "excludes",
  replace: "replacing by URN",
  policyPack: "policy packs",
  plan: "plans",
  savePlan: "plans",
};

type Operation = (options: OperationOptions) => Promise<OperationResult>;

/** `preview`, `up`, `refresh` and `destroy`. */
export function operationCommands(program: Command, terminal: Terminal): void {
  const add = (name: string, aliases: string[], description: string, operation: Operation) => {
    const command = program.command(name).aliases(aliases).description(description);
    command
      .option("-j, --json", "print the preview as JSON, as the CLI does")
      .option("--diff", "taken as in the CLI, like -m, --show-full-output and --suppress-*; changes are always shown")
      .addOption(new Option("-m, --message <text>").hideHelp())
      .addOption(new Option("--show-full-output").hideHelp())
      .option("--show-sames", "list in JSON what stays as it is, too")
      .addOption(new Option("--suppress-outputs").hideHelp())
      .addOption(new Option("--suppress-progress").hideHelp())
      .addOption(new Option("--suppress-permalink [when]").hideHelp())
      .addOption(new Option("-p, --parallel <number>", "how many provider calls run at once").argParser(wholeNumber))
      .option("--expect-no-changes", "exit with 2 when there are changes")
      .addOption(new Option("-t, --target <urn...>").hideHelp())
      .addOption(new Option("--target-dependents").hideHelp())
      .addOption(new Option("--exclude <urn...>").hideHelp())
      .addOption(new Option("--replace <urn...>").hideHelp())
      .addOption(new Option("--policy-pack <folder...>").hideHelp())
      .addOption(new Option("--plan <file>").hideHelp())
      .addOption(new Option("--save-plan <file>").hideHelp());
    if (name !== "refresh") command.option("-r, --refresh", "look at the real resources first");
    if (name === "refresh")
      command.option(
        "--clear-pending-creates",
        "forget creations that were interrupted, once you have looked whether they are there",
      );
    if (name !== "preview") {
      command
        .option("-y, --yes", "do not ask")
        .option("-f, --skip-preview", "do not show first what will be done")
        .option("--preview-only", "show what would be done and stop there");
    }
    command.action(async (_flags, self: Command) =>
      run(operation, self.optsWithGlobals<Flags>(), terminal, name === "preview"),
    );
  };
  add("preview", ["pre"], "show what the program would change", preview);
  add("up", ["update"], "make the real resources what the program says", up);
  add("refresh", [], "take what the real resources have become into the state", refresh);
  add("destroy", ["down", "dn"], "delete everything the stack has", destroy);
}

/** The stack the person means. */
export function targetOf(flags: { cwd: string; stack?: string }): Target {
  if (!flags.stack) throw new EngineError("which stack? -s NAME, or PULUMI_STACK", { exitCode: 64 });
  // In the CLI's ways to write it: stack, organization/stack, organization/project/stack.
  const [name = "", project, organization] = flags.stack.split("/").toReversed();
  if (!/^[A-Za-z0-9_.-]+$/.test(name)) throw new EngineError(`"${flags.stack}" is not a stack name`, { exitCode: 64 });
  return {
    folder: flags.cwd,
    stack: name,
    ...(project !== undefined && organization !== undefined ? { project } : {}),
  };
}

async function run(operation: Operation, flags: Flags, terminal: Terminal, alwaysPreview: boolean): Promise<void> {
  for (const [flag, what] of Object.entries(onlyTheCli)) if (flag in flags) throw refused(what);
  const target = targetOf(flags);
  const previewOnly = alwaysPreview || flags.previewOnly === true;
  if (flags.json && !previewOnly) throw refused("--json for anything but a preview");
  if (!previewOnly && !flags.yes && !interactive(flags)) {
    throw new EngineError("there is nobody to ask; pass --yes to go on without, or --preview-only", { exitCode: 64 });
  }
  const coloured = flags.color === "always" ? { isTTY: true } : flags.color === "auto" ? process.stdout : {};
  const digest = flags.json
    ? new DigestReporter(blindConfig(openStack(target).file.config), terminal.say, flags.showSames === true)
    : undefined;
  try {
    await operation({
      ...target,
      report: digest ?? new TerminalReporter(terminal.say, paintFor(coloured)),
      cancelled: terminal.cancelled,
      previewOnly,
      ...(flags.yes ? {} : { confirm: (question) => ask(question, terminal.cancelled) }),
      ...(flags.parallel ? { parallel: flags.parallel } : {}),
      refresh: flags.refresh === true,
      expectNoChanges: flags.expectNoChanges === true,
      skipPreview: flags.skipPreview === true,
      clearPendingCreates: flags.clearPendingCreates === true,
    });
  } finally {
    if (digest) terminal.print(JSON.stringify(digest.digest, null, 4));
  }
}

function wholeNumber(typed: string): number {
  if (!/^[1-9]\d*$/.test(typed)) throw new InvalidArgumentError("a whole number above 0 is wanted");
  return Number(typed);
}

function interactive(flags: Flags): boolean {
  return process.stdin.isTTY === true && !flags.nonInteractive;
}

async function ask(question: string, cancelled: AbortSignal): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `, { signal: cancelled })).trim());
  } catch (error) {
    if (cancelled.aborted) return false;
    throw error;
  } finally {
    terminal.close();
  }
}
