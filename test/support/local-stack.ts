import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { onTestFailed, TestRunner } from "vitest";
import { argv } from "../../host/command.ts";
import type { Host } from "../../host/host.ts";
import { closeAll, connectTo } from "../../host/pool.ts";
import { embedded } from "../../host/runtimes/embedded/runtime.ts";
import { openshellWords } from "../../host/runtimes/openshell/cli.ts";
import type { Runtime } from "../../host/runtimes/runtime.ts";
import { turn } from "../../host/runtimes/turn.ts";
import { cloneFolder, stackFile } from "../../scripts/clone-paths.ts";
import { type Engine, findEngine, runEngine } from "../../scripts/engine-choice.ts";
import { stackStateFile } from "../../scripts/local-backend.ts";
import { type Finished, type RunOptions, runProgram } from "../../scripts/run-program.ts";
import { machineOf, readStackState, type StackState } from "../../scripts/stack-state.ts";
import { changeStackFile, type StackConfig } from "./stack-file.ts";

const exec = promisify(execFile);

/** Less than a hook may take, so that one that hangs ends with what it printed. */
const commandSeconds = 570;

/** What a turn of the agent gave. */
interface Turn {
  readonly text?: string;
  readonly model?: string;
  readonly error?: { readonly kind: string; readonly message: string };
}

/** A whole environment on a real local machine, driven by the same scripts and engines that people use. */
export class LocalStack {
  readonly name: string;
  readonly engine: Engine;
  /** What its sandbox runs under. */
  runtime: Runtime = embedded;
  /** Everything that was printed, to be searched for secrets. */
  printed = "";
  /** Every secret that was set, also those that were replaced since. */
  readonly secrets: string[] = [];

  private constructor(name: string, engine: Engine) {
    this.name = name;
    this.engine = engine;
  }

  static async open(name: string, engine?: Engine): Promise<LocalStack> {
    return new LocalStack(name, engine ?? (await findEngine({ download: false })));
  }

  /** Forgets a stack whose machine is gone or another's, and what the clone keeps where it has no other stack. */
  async forget(): Promise<void> {
    await rm(stackFile(this.name), { force: true });
    await rm(stackStateFile(this.name), { force: true });
    await this.script("quickstart", "--destroy");
  }

  /** Runs `--destroy`, and removes the configuration that stays where a test has changed it. */
  async destroy(): Promise<Finished> {
    const destroyed = await this.script("quickstart", "--destroy");
    if (destroyed.exitCode === 0 && existsSync(stackFile(this.name))) await this.forget();
    return destroyed;
  }

  async script(script: string, ...args: string[]): Promise<Finished> {
    const env = { ...process.env, NEMOCLAW_ENGINE: this.engine.kind, NO_COLOR: "1" };
    const command = [join(cloneFolder, "scripts", script), "-s", this.name, ...args];
    return this.#run(command.join(" "), (watched) => runProgram(command, { cwd: cloneFolder, env, ...watched }));
  }

  async pulumi(...args: string[]): Promise<Finished> {
    const words = [...args, "--stack", this.name];
    return this.#run(words.join(" "), (watched) => runEngine(this.engine, this.name, words, watched));
  }

  /** `up` without questions. @throws with what was printed, when it failed */
  async up(...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.pulumi(
      "up",
      "--yes",
      "--skip-preview",
      "--color",
      "never",
      ...args,
    );
    if (exitCode !== 0) throw new Error(`up failed (exit ${exitCode})\n${stdout}\n${stderr}`);
    return stdout + stderr;
  }

  /** What a refresh would change, without changing it. @throws with what was printed, when it failed */
  async refreshPreview(): Promise<string> {
    const { exitCode, stdout, stderr } = await this.pulumi("refresh", "--preview-only", "--diff", "--color", "never");
    if (exitCode !== 0) throw new Error(`refresh failed (exit ${exitCode})\n${stdout}\n${stderr}`);
    return stdout + stderr;
  }

  /** Whether a refresh would change nothing, whatever engine says so. */
  async isAsRecorded(): Promise<boolean> {
    const { exitCode } = await this.pulumi("refresh", "--preview-only", "--expect-no-changes", "--color", "never");
    return exitCode === 0;
  }

  /** Changes the stack's configuration file as a person would. */
  configure(change: (config: StackConfig) => void): Promise<void> {
    return changeStackFile(stackFile(this.name), change);
  }

  /** Sets a secret as a person would: by standard input. */
  async setSecret(key: string, value: string): Promise<void> {
    this.secrets.push(value);
    const args = ["config", "set", "--secret", key, "--stack", this.name];
    await this.#run(args.join(" "), (watched) => runEngine(this.engine, this.name, args, { stdin: value, ...watched }));
  }

  async state(): Promise<StackState> {
    const state = await readStackState(this.engine, this.name);
    if (!state) throw new Error(`stack ${this.name} has no state`);
    return state;
  }

  /** Looks at the machine over a connection of its own. */
  async onMachine<T>(look: (host: Host) => Promise<T>): Promise<T> {
    const machine = machineOf(await this.state());
    if (!machine) throw new Error(`stack ${this.name} has no machine`);
    try {
      return await look(await connectTo(machine));
    } finally {
      await closeAll();
    }
  }

  /** Runs shell on the machine past SSH, so that no connection is counted and nothing is logged there. */
  async shell(script: string): Promise<string> {
    const id = (await this.state()).find("nemoclaw:local:Machine")?.id ?? "";
    const { stdout } = await exec("docker", ["exec", id, "sh", "-c", script], { maxBuffer: 512 << 20 });
    return stdout;
  }

  /** Puts bytes into a file on the machine; the folders above it are made. */
  async put(path: string, bytes: Buffer): Promise<void> {
    await this.shell(`mkdir -p $(dirname ${path}); base64 -d >${path} <<'END'\n${bytes.toString("base64")}\nEND`);
  }

  /** How OpenShell's CLI is called on the machine. */
  static readonly openshellCall = openshellWords([]).join(" ");

  /** What OpenShell's CLI says on the machine, as a person there would ask it. */
  async openshell(words: string): Promise<string> {
    return this.shell(`${LocalStack.openshellCall} ${words}`);
  }

  /** Runs a command inside the sandbox, as the agent. */
  async inside(words: readonly string[]): Promise<{ stdout: string; stderr: string; exitCode: number }> {
    return this.onMachine((host) => host.run(this.runtime.inside("main", words)));
  }

  /** The status that an HTTP request from inside the sandbox gets; 0 for none. */
  async statusInside(method: string, url: string): Promise<number> {
    const curl = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-m", "20", "-X", method, url];
    return Number((await this.inside(curl)).stdout);
  }

  /** One turn, as `scripts/chat` sends it. */
  async turn(message: string): Promise<Turn> {
    const { argv: words } = turn("main", "test");
    const { stdout } = await this.onMachine((host) =>
      host.run(argv("one turn", words, { stdin: message, timeoutSeconds: 300 })),
    );
    return JSON.parse(stdout) as Turn;
  }

  async agentPid(): Promise<number> {
    const answer = await this.shell(
      "/opt/nemoclaw/node/current/bin/node /opt/nemoclaw/supervisor/current/status.mjs --sandbox main",
    );
    return (JSON.parse(answer) as { agentPid: number }).agentPid;
  }

  /**
   * How often somebody logged in to the machine during some work, by all of sshd's own log: what comes after an entry's cursor
   * was seen to lack entries (systemd 252). What has just been logged is there after a sync.
   */
  async handshakesDuring<T>(work: () => Promise<T>): Promise<{ readonly handshakes: number; readonly result: T }> {
    const logins = async () =>
      Number(
        await this.shell(
          "journalctl --sync; journalctl -u ssh --no-pager -o cat | grep -c 'Accepted publickey' || true",
        ),
      );
    const before = await logins();
    const result = await work();
    return { handshakes: (await logins()) - before, result };
  }

  /** The port on this computer where the Telegram stand-in's operator is. */
  async telegramUrl(): Promise<string> {
    const port = (await this.state()).find("nemoclaw:local:Demo")?.outputs.telegramPort;
    return `http://127.0.0.1:${port}`;
  }

  /** Keeps what a command prints; a test that fails while one still runs shows what it has printed so far. */
  async #run(command: string, start: (watched: RunOptions) => Promise<Finished>): Promise<Finished> {
    const lines: string[] = [];
    let ended = false;
    const tell = () => {
      if (!ended) console.error([`${command} had not ended; it printed last:`, ...lines.slice(-40)].join("\n"));
    };
    if (TestRunner.getCurrentTest()) onTestFailed(tell);
    try {
      const finished = await start({ timeoutSeconds: commandSeconds, onLine: (line) => lines.push(line) });
      this.printed += finished.stdout + finished.stderr;
      return finished;
    } finally {
      ended = true;
    }
  }
}

/** The names of the resources that an engine's output lists with one of these words. */
export function resourcesThat(words: RegExp, output: string): string[] {
  return output
    .split("\n")
    .filter((line) => words.test(line))
    .map((line) => /nemoclaw:[\w:]+ (\S+)/.exec(line)?.[1] ?? line.trim())
    .filter((name, i, all) => all.indexOf(name) === i)
    .sort();
}
