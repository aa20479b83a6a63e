import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { credentials } from "@grpc/grpc-js";
import providerRpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { adopt, childEnvironment, endProcess } from "./child-process.ts";
import { EngineError } from "./errors.ts";

export interface PluginSurroundings {
  readonly projectRoot: string;
  /** Where the plugin runs: the program's folder, as under the CLI. */
  readonly workingDirectory: string;
  /** `host:port` of the Engine service, which takes the plugin's log lines. */
  readonly engineAddress: string;
  /** What the plugin prints besides its port. */
  readonly onLine: (line: string) => void;
  readonly onStart: (pid: number) => void;
}

const startupSeconds = 60;

/** A running provider plugin: a process of its own that serves Pulumi's ResourceProvider protocol on the loopback. */
export class PluginProcess {
  readonly client: InstanceType<typeof providerRpc.ResourceProviderClient>;
  readonly name: string;
  readonly #process: ChildProcess;

  private constructor(name: string, process: ChildProcess, port: number) {
    this.name = name;
    this.#process = process;
    const unlimited = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
    this.client = new providerRpc.ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure(), unlimited);
  }

  /**
   * Starts `pulumi-resource-<name>` of a folder.
   *
   * @throws EngineError when there is no such executable, or it ends or stays silent instead of printing its port
   */
  static async start(name: string, folder: string, around: PluginSurroundings): Promise<PluginProcess> {
    const executable = join(folder, `pulumi-resource-${name}`);
    try {
      accessSync(executable, constants.X_OK);
    } catch (cause) {
      throw new EngineError(`the plugin "${name}" has no executable ${executable}`, { cause });
    }
    // Its own process group, so that Ctrl-C at the terminal reaches the engine alone, which then cancels in order.
    const child = spawn(executable, [around.engineAddress], {
      cwd: around.workingDirectory,
      env: childEnvironment(around.projectRoot),
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    adopt(child);
    if (child.pid !== undefined) around.onStart(child.pid);
    try {
      return new PluginProcess(name, child, await port(name, child, around.onLine));
    } catch (error) {
      await endProcess(child);
      throw error;
    }
  }

  /** How the process ended; undefined while it runs. */
  get ended(): string | undefined {
    const { exitCode, signalCode } = this.#process;
    return signalCode ?? (exitCode === null ? undefined : `exit ${exitCode}`);
  }

  async close(): Promise<void> {
    this.client.close();
    await endProcess(this.#process);
  }
}

function port(name: string, child: ChildProcess, onLine: (line: string) => void): Promise<number> {
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    const fail = (what: string) => {
      clearTimeout(deadline);
      reject(
        new EngineError(
          [`the plugin "${name}" ${what}`, ...said.slice(-20).map((line) => `  said  ${line}`)].join("\n"),
        ),
      );
    };
    const deadline = setTimeout(() => fail(`printed no port within ${startupSeconds} s`), startupSeconds * 1000);
    let found = false;
    const take = (line: string) => {
      if (found) return onLine(line);
      said.push(line);
    };
    if (child.stderr) createInterface({ input: child.stderr }).on("line", take);
    if (child.stdout) {
      createInterface({ input: child.stdout }).on("line", (line) => {
        if (found || !/^\d+$/.test(line.trim())) return take(line);
        found = true;
        clearTimeout(deadline);
        for (const earlier of said) onLine(earlier);
        resolve(Number(line));
      });
    }
    child.once("error", (error) => fail(`could not be started: ${error.message}`));
    child.once("close", (code, signal) => !found && fail(`ended at once (${signal ?? `exit ${code}`})`));
  });
}
