import { text as readAll } from "node:stream/consumers";
import type { Command } from "commander";
import { at, blindConfig, coerce, holdsSecret, openConfig, opened, parseKey, text } from "./config.ts";
import { EngineError } from "./errors.ts";
import { targetOf } from "./operation-command.ts";
import { type OpenStack, openStack } from "./session.ts";
import type { Terminal } from "./terminal.ts";
import type { Value } from "./values.ts";

interface Flags {
  cwd: string;
  stack?: string;
  path?: boolean;
  json?: boolean;
  secret?: boolean;
  plaintext?: boolean;
  showSecrets?: boolean;
}

/** `config`, `config get`, `config set`, `config rm`. */
export function configCommands(program: Command, terminal: Terminal): void {
  const config = program
    .command("config")
    .description("show the stack's configuration")
    .option("-j, --json", "as JSON")
    .option("--show-secrets", "open the secrets")
    .action((_flags, self: Command) => list(self.optsWithGlobals<Flags>(), terminal));
  config
    .command("get <key>")
    .description("print one value, opened if it is a secret")
    .option("--path", "the key is a path into a structured value")
    .option("-j, --json", "as JSON")
    .action((key: string, _flags, self: Command) => get(key, self.optsWithGlobals<Flags>(), terminal));
  config
    .command("set <key> [value]")
    .description("set one value; without one it is read from standard input")
    .option("--path", "the key is a path into a structured value")
    .option("--secret", "encrypt it")
    .option("--plaintext", "do not encrypt it")
    .action((key: string, value: string | undefined, _flags, self: Command) =>
      set(key, value, self.optsWithGlobals<Flags>()),
    );
  config
    .command("rm <key>")
    .description("remove one value")
    .option("--path", "the key is a path into a structured value")
    .action((key: string, _flags, self: Command) => remove(key, self.optsWithGlobals<Flags>()));
}

async function list(flags: Flags, terminal: Terminal): Promise<void> {
  const { file } = existing(flags);
  const values = flags.showSecrets
    ? Object.fromEntries(openConfig(file.config, await file.crypter()).values)
    : blindConfig(file.config);
  if (!flags.json)
    return terminal.print(
      Object.entries(values)
        .map(([key, value]) => `${key}  ${value}`)
        .join("\n"),
    );
  const told = Object.entries(values).map(([key, value]) => {
    const written = file.config[key] ?? null;
    const secret = holdsSecret(written);
    return [
      key,
      {
        ...(secret && !flags.showSecrets ? {} : { value }),
        secret,
        ...(typeof written === "object" && !isSealed(written) ? { objectValue: JSON.parse(value) } : {}),
      },
    ];
  });
  terminal.print(JSON.stringify(Object.fromEntries(told), null, 2));
}

async function get(typed: string, flags: Flags, terminal: Terminal): Promise<void> {
  const { file, project } = existing(flags);
  const { key, path } = parseKey(typed, project.name, flags.path === true);
  const written = at(file.config[key], path);
  if (written === undefined)
    throw new EngineError(`configuration key '${typed}' is not set in stack '${targetOf(flags).stack}'`);
  const secret = holdsSecret(written);
  const value = text(secret ? opened(written, await file.crypter()) : written);
  terminal.print(flags.json ? JSON.stringify({ value, secret }, null, 2) : value);
}

async function set(typed: string, given: string | undefined, flags: Flags): Promise<void> {
  const { file, project } = existing(flags);
  if (flags.secret && flags.plaintext) throw new EngineError("either --secret or --plaintext", { exitCode: 64 });
  if (given === undefined && process.stdin.isTTY)
    throw new EngineError("no value: give one, or pipe one in", { exitCode: 64 });
  const value = given ?? (await readAll(process.stdin)).replace(/\r?\n$/, "");
  const { key, path } = parseKey(typed, project.name, flags.path === true);
  const plain = path.length > 0 ? coerce(value) : value;
  file.set(key, path, flags.secret ? { secure: (await file.crypter()).encrypt(value) } : plain);
  file.save();
}

function remove(typed: string, flags: Flags): void {
  const { file, project } = existing(flags);
  const { key, path } = parseKey(typed, project.name, flags.path === true);
  file.remove(key, path);
  file.save();
}

function existing(flags: Flags): OpenStack {
  const open = openStack(targetOf(flags));
  open.backend.read(open.stack);
  return open;
}

function isSealed(written: Value): boolean {
  return holdsSecret(written) && written !== null && typeof written === "object" && "secure" in written;
}
