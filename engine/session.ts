import pLimit from "p-limit";
import { Backend } from "./backend.ts";
import { type Checkpoint, openDeployment, sealDeployment } from "./checkpoint.ts";
import { type Config, openConfig } from "./config.ts";
import { type LoopbackServer, serveEngine } from "./engine-service.ts";
import { EngineError } from "./errors.ts";
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
  /** The project that was named with it, `organization/PROJECT/stack`; it must be this one. */
  readonly project?: string;
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

/** @throws EngineError when the target is of another project */
export function openStack(target: Target): OpenStack {
  const project = readProject(target.folder ?? ".");
  if (target.project !== undefined && target.project !== project.name) {
    const message = `stack ${target.stack} of project ${target.project} was asked for, and this is project ${project.name}`;
    throw new EngineError(message, { exitCode: 64 });
  }
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
  readonly #resources: AsyncDisposableStack;

  private constructor(
    parts: Pick<Session, "open" | "config" | "providers" | "engine" | "onStart">,
    secret: { before: Checkpoint; crypter: Crypter; resources: AsyncDisposableStack },
  ) {
    this.open = parts.open;
    this.config = parts.config;
    this.providers = parts.providers;
    this.engine = parts.engine;
    this.onStart = parts.onStart;
    this.#before = secret.before;
    this.#crypter = secret.crypter;
    this.#resources = secret.resources;
  }

  /**
   * @param mode `look` takes no lock; `change` does
   * @param warm starts every plugin at once, for an operation that is sure to need them
   */
  static async start(target: Target, report: Reporter, mode: "look" | "change", warm: boolean): Promise<Session> {
    const open = openStack(target);
    open.backend.read(open.stack);
    await using resources = new AsyncDisposableStack();
    const lock = mode === "change" ? resources.use(await takeLock(open, report)) : undefined;
    const onStart = (pid: number) => lock?.addChild(pid);
    const engine = await serveEngine((diagnostic) => report.diagnostic(diagnostic));
    resources.defer(() => engine.close());

    const crypting = open.file.crypter();
    const configuring = crypting.then((crypter) => openConfig(open.file.config, crypter));
    configuring.catch(() => {});
    const where = { stack: open.stack, project: open.project.name };
    const providers = new Providers(open.project.plugins, configuring, where, {
      projectRoot: open.project.root,
      workingDirectory: open.project.workingDirectory,
      engineAddress: engine.address,
      onLine: (line) => report.diagnostic({ severity: "info", message: line }),
      onStart,
    });
    resources.defer(() => providers.close());
    if (warm) providers.warm();

    const crypter = await crypting;
    // Read only under the lock: what was there before it may be another run's past.
    const before = await openDeployment(open.backend.read(open.stack), crypter);
    if (lock) open.backend.backup(open.stack);
    const parts = { open, config: await configuring, providers, engine, onStart };
    return new Session(parts, { before, crypter, resources: resources.move() });
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
    await this.#resources.disposeAsync();
  }
}

function takeLock(open: OpenStack, report: Reporter): Promise<StackLock> {
  return StackLock.take(open.backend.lockFolder(open.stack), (line) => report.say(line));
}
