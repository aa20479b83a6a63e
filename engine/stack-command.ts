import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { text as readAll } from "node:stream/consumers";
import { type Command, Option } from "commander";
import { text } from "./config.ts";
import { EngineError } from "./errors.ts";
import { targetOf } from "./operation-command.ts";
import { openStack } from "./session.ts";
import { exportStack, importStack, initStack, listStacks, removeStack, stackOutputs } from "./stacks.ts";
import type { Terminal } from "./terminal.ts";
import type { Value } from "./values.ts";

interface Flags {
  cwd: string;
  stack?: string;
  json?: boolean;
  file?: string;
  showSecrets?: boolean;
  force?: boolean;
  yes?: boolean;
  preserveConfig?: boolean;
}

/** `stack init`, `ls`, `export`, `import`, `output`, `rm`. */
export function stackCommands(program: Command, terminal: Terminal): void {
  const stack = program.command("stack").description("make, list, move and remove stacks");
  stack
    .command("init [name]")
    .description("make an empty stack")
    .addOption(new Option("--secrets-provider <kind>").choices(["passphrase", "default"]).hideHelp())
    .action(async (name: string | undefined, _flags, self: Command) => {
      const flags = self.optsWithGlobals<Flags>();
      await initStack(targetOf({ ...flags, ...(name ? { stack: name } : {}) }));
    });
  stack
    .command("ls")
    .description("list the project's stacks")
    .option("-j, --json", "as JSON")
    .action((_flags, self: Command) => {
      const flags = self.optsWithGlobals<Flags>();
      const names = listStacks({ folder: flags.cwd });
      terminal.print(
        flags.json
          ? JSON.stringify(
              names.map((name) => ({ name, current: name === flags.stack })),
              null,
              2,
            )
          : names.join("\n"),
      );
    });
  stack
    .command("export")
    .description("print the state, as `pulumi stack import` takes it")
    .option("--file <path>", "into a file")
    .option("--show-secrets", "with the secrets in clear")
    .action(async (_flags, self: Command) => {
      const flags = self.optsWithGlobals<Flags>();
      const written = JSON.stringify(await exportStack(targetOf(flags), flags.showSecrets === true), null, 4);
      if (flags.file) writeFileSync(flags.file, `${written}\n`, { mode: 0o600 });
      else terminal.print(written);
    });
  stack
    .command("import")
    .description("replace the state with an exported one, read from standard input")
    .option("--file <path>", "from a file")
    .option("-f, --force", "even if it is another stack's")
    .action(async (_flags, self: Command) => {
      const flags = self.optsWithGlobals<Flags>();
      const given = flags.file ? readFileSync(flags.file, "utf8") : await readAll(process.stdin);
      await importStack(targetOf(flags), JSON.parse(given), { force: flags.force === true, say: terminal.say });
    });
  stack
    .command("output [name]")
    .description("print what the program returned")
    .option("-j, --json", "as JSON")
    .option("--show-secrets", "open the secrets")
    .action(async (name: string | undefined, _flags, self: Command) => {
      const flags = self.optsWithGlobals<Flags>();
      const outputs = await stackOutputs(targetOf(flags), flags.showSecrets === true);
      if (name !== undefined && !(name in outputs))
        throw new EngineError(`current stack does not have output property '${name}'`);
      const one = (value: Value | undefined) =>
        flags.json ? JSON.stringify(value ?? null, null, 2) : text(value ?? null);
      if (name !== undefined) terminal.print(one(outputs[name]));
      else if (flags.json) terminal.print(JSON.stringify(outputs, null, 2));
      else
        terminal.print(
          Object.entries(outputs)
            .map(([key, value]) => `${key}  ${one(value)}`)
            .join("\n"),
        );
    });
  stack
    .command("rm [name]")
    .description("remove an empty stack and its configuration")
    .option("-y, --yes", "do not ask")
    .option("-f, --force", "even if it still has resources, which then nobody manages")
    .option("--preserve-config", "keep its Pulumi.<stack>.yaml")
    .action(async (name: string | undefined, _flags, self: Command) => {
      const flags = self.optsWithGlobals<Flags>();
      if (!flags.yes) throw new EngineError("removing a stack needs --yes", { exitCode: 64 });
      const target = targetOf({ ...flags, ...(name ? { stack: name } : {}) });
      await removeStack(target, { force: flags.force === true, say: terminal.say });
      if (!flags.preserveConfig) rmSync(openStack(target).file.path, { force: true });
    });
}
