import { delimiter, dirname, join } from "node:path";
import { cloneFolder } from "./clone-paths.ts";
import { backendEnvironment } from "./local-backend.ts";
import { type CliDownload, type CliSearch, findCli, nextDownload } from "./pulumi-cli.ts";
import { type Finished, type RunOptions, runInForeground, runProgram } from "./run-program.ts";

/** What carries out previews and updates: a Pulumi CLI, or the engine of this project where none can be had. */
export interface Engine {
  readonly kind: "cli" | "embedded";
  /** One line for people: which engine, its version, where it was found, and why where that is not plain. */
  readonly about: string;
  readonly command: readonly string[];
  /** Folders the engine needs on PATH. */
  readonly path: readonly string[];
}

/**
 * Finds the engine: a Pulumi CLI on PATH, then in `~/.pulumi`, then through npm's `pulumi` package, else the embedded one.
 * `NEMOCLAW_ENGINE=cli` or `embedded` in the environment forces one.
 *
 * @throws Error when the CLI is forced and there is none
 */
export async function findEngine(search: CliSearch = {}): Promise<Engine> {
  const forced = process.env.NEMOCLAW_ENGINE;
  if (forced === "embedded") return embedded("NEMOCLAW_ENGINE asks for it");

  const found = await findCli(search);
  if ("command" in found) return { kind: "cli", ...found };
  if (forced === "cli") {
    throw new Error(
      `NEMOCLAW_ENGINE=cli, but no Pulumi CLI can be had: ${found.missing}\n  try   https://www.pulumi.com/docs/install`,
    );
  }
  return embedded(found.missing);
}

/** The Pulumi CLI that `findEngine({ download: true })` would try to download, with why; nothing is downloaded. */
export async function cliToDownload(): Promise<(CliDownload & { readonly why: string }) | undefined> {
  if (process.env.NEMOCLAW_ENGINE === "embedded") return undefined;
  const found = await findCli({});
  if ("command" in found) return undefined;
  const next = await nextDownload();
  return typeof next === "string" ? undefined : { ...next, why: found.missing };
}

function embedded(why: string): Engine {
  return {
    kind: "embedded",
    about: `the embedded engine of this project (${why})`,
    command: [process.execPath, join(cloneFolder, "engine", "main.ts")],
    path: [dirname(process.execPath)],
  };
}

/** The environment in which this engine works on this stack. */
export async function engineEnvironment(engine: Engine, stack: string): Promise<NodeJS.ProcessEnv> {
  const env = await backendEnvironment(stack);
  return { ...env, PATH: [...engine.path, env.PATH].join(delimiter) };
}

/** Runs an engine command on a stack and captures what it prints. */
export async function runEngine(
  engine: Engine,
  stack: string,
  args: readonly string[],
  options: Pick<RunOptions, "stdin" | "onLine" | "timeoutSeconds"> = {},
): Promise<Finished> {
  const env = await engineEnvironment(engine, stack);
  return runProgram([...engine.command, ...args], { ...options, cwd: cloneFolder, env });
}

/** Runs an engine command on a stack on this terminal. */
export async function runEngineInForeground(engine: Engine, stack: string, args: readonly string[]): Promise<number> {
  const env = await engineEnvironment(engine, stack);
  return runInForeground([...engine.command, ...args], { cwd: cloneFolder, env });
}
