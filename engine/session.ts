import pLimit from "p-limit";
import { Backend } from "./backend.ts";
import { type Checkpoint, openDeployment, sealDeployment } from "./checkpoint.ts";
import { type Config, openConfig } from "./config.ts";
import { type LoopbackServer, serveEngine } from "./engine-service.ts";
import type { Crypter } from "./passphrase.ts";
import { type Project, readProject } from "./project.ts";
import { Providers } from "./providers.ts";
import type { Reporter } from "./reporter.ts";
import type { Run } from "./run.ts";
import { Snapshot } from "./snapshot.ts";
import { StackFile } from "./stack-file.ts";
import { StackLock } from "./stack-lock.ts";

/** Which stack of which project, and where its state is. */
export interface Target {
  /** Folder of Pulumi.yaml. @default the current folder */
  readonly folder?: string;
  readonly stack: string;
  /** `file://…`. @default PULUMI_BACKEND_URL, then backend.url of Pulumi.yaml */
  readonly backendUrl?: string;
}

/** A stack, opened with its secrets; what the commands on configuration and state work with. */
export interface OpenStack {
  readonly project: Project;
  readonly stack: string;
  readonly backend: Backend;
  readonly file: StackFile;
}

export function openStack(target: Target): OpenStack {
  const project = readProject(target.folder ?? ".");
  const backend = new Backend(target.backendUrl ?? (process.env.PULUMI_BACKEND_URL || project.backendUrl), project);
  return { project, stack: target.stack, backend, file: new StackFile(project, target.stack) };
}

/** Everything one operation on a stack holds: its state, its lock, its plugins. Closed as one, however the operation ends. */
export class Session implements AsyncDisposable {
  readonly open: OpenStack;
  readonly config: Config;
  readonly providers: Providers;
  readonly engine: LoopbackServer;
  readonly onStart: (pid: number) => void;
  readonly #before: Checkpoint;
  readonly #crypter: Crypter;
  readonly #lock: StackLock | undefined;

  private constructor(parts: {
    open: OpenStack;
    before: Checkpoint;
    crypter: Crypter;
    engine: LoopbackServer;
    lock: StackLock | undefined;
    report: Reporter;
  }) {
    this.open = parts.open;
    this.engine = parts.engine;
    this.#before = parts.before;
    this.#crypter = parts.crypter;
    this.#lock = parts.lock;
    this.config = openConfig(parts.open.file.config, parts.crypter);
    this.onStart = (pid) => parts.lock?.addChild(pid);
    this.providers = new Providers(parts.open.project.plugins, this.config, this.where, {
      workingDirectory: parts.open.project.workingDirectory,
      engineAddress: parts.engine.address,
      onLine: (line) => parts.report.diagnostic({ severity: "info", message: line }),
      onStart: this.onStart,
    });
  }

  /** @param lock true for an operation that changes the stack */
  static async start(target: Target, report: Reporter, lock: boolean): Promise<Session> {
    const open = openStack(target);
    const written = open.backend.read(open.stack);
    const held = lock
      ? await StackLock.take(open.backend.lockFolder(open.stack), (line) => report.say(line))
      : undefined;
    try {
      const crypter = await open.file.crypter();
      // Read again under the lock: what was there before it may be another run's past.
      const before = await openDeployment(lock ? open.backend.read(open.stack) : written, crypter);
      if (lock) open.backend.backup(open.stack);
      const engine = await serveEngine((diagnostic) => report.diagnostic(diagnostic));
      return new Session({ open, before, crypter, engine, lock: held, report });
    } catch (error) {
      held?.[Symbol.dispose]();
      throw error;
    }
  }

  get where(): { stack: string; project: string } {
    return { stack: this.open.stack, project: this.open.project.name };
  }

  get before(): Checkpoint {
    return structuredClone(this.#before);
  }

  /**
   * One pass.
   *
   * @param from where it starts, the stored state unless a refresh has found something else
   */
  run(options: {
    dryRun: boolean;
    report: Reporter;
    parallel: number;
    cancelled: AbortSignal;
    from?: Checkpoint;
  }): Run {
    const write = options.dryRun
      ? async () => {}
      : (checkpoint: Checkpoint) =>
          this.open.backend.write(this.open.stack, JSON.stringify(sealDeployment(checkpoint, this.#crypter)));
    return {
      where: this.where,
      dryRun: options.dryRun,
      config: this.config,
      snapshot: new Snapshot(structuredClone(options.from) ?? this.before, write),
      providers: this.providers,
      report: options.report,
      changes: {},
      slots: pLimit(options.parallel),
      cancelled: options.cancelled,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.providers.close();
    this.engine.close();
    this.#lock?.[Symbol.dispose]();
  }
}
