import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EngineError } from "./errors.ts";
import { identify, isRunning, type ProcessIdentity } from "./process-identity.ts";

interface LockContent extends ProcessIdentity {
  username: string;
  hostname: string;
  timestamp: string;
  /** The plugins and programs this run started, so that a run that was killed leaves nothing working behind our back. */
  children?: ProcessIdentity[];
}

/**
 * The right to change a stack, held by one process at a time. It is the CLI's own lock file, so the engine and the CLI
 * keep each other out too. A lock whose process is gone is taken away, and what that process had started is ended first.
 */
export class StackLock implements Disposable {
  readonly #path: string;
  readonly #content: LockContent;

  private constructor(path: string, content: LockContent) {
    this.#path = path;
    this.#content = content;
    this.#write();
  }

  /** @throws EngineError when another running process holds the stack */
  static async take(folder: string, say: (line: string) => void): Promise<StackLock> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    await clear(folder, undefined, say);
    const path = join(folder, `${randomUUID()}.json`);
    const self = identify(process.pid) ?? { pid: process.pid };
    const lock = new StackLock(path, {
      ...self,
      username: username(),
      hostname: hostname(),
      timestamp: new Date().toISOString(),
    });
    try {
      // Looked at again after writing, so that of two that start together at most one goes on.
      await clear(folder, path, say);
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
    return lock;
  }

  /** Notes a process this run has started. */
  addChild(pid: number): void {
    const child = identify(pid);
    if (!child) return;
    this.#content.children = [...(this.#content.children ?? []), child];
    this.#write();
  }

  [Symbol.dispose](): void {
    rmSync(this.#path, { force: true });
  }

  #write(): void {
    writeFileSync(`${this.#path}.tmp`, JSON.stringify(this.#content));
    renameSync(`${this.#path}.tmp`, this.#path);
  }
}

async function clear(folder: string, own: string | undefined, say: (line: string) => void): Promise<void> {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
    const path = join(folder, name);
    if (path === own) continue;
    const lock = readLock(path);
    if (!lock) continue;
    if (lock.hostname !== hostname() || isRunning(lock)) {
      throw new EngineError(
        `the stack is locked by process ${lock.pid} of ${lock.username}@${lock.hostname} since ${lock.timestamp}\n` +
          `  try   wait for it to end; if it is surely gone, delete ${path}`,
      );
    }
    for (const child of lock.children ?? []) await end(child, say);
    say(`the lock of process ${lock.pid}, which ended without giving it back, was taken away`);
    rmSync(path, { force: true });
  }
}

function readLock(path: string): LockContent | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new EngineError(`${path} is not a lock file; delete it when nothing works on this stack`, { cause: error });
  }
}

async function end(child: ProcessIdentity, say: (line: string) => void): Promise<void> {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    if (!isRunning(child)) return;
    say(`ending process ${child.pid}, which an interrupted run left behind`);
    process.kill(child.pid, signal);
    for (let waited = 0; waited < 5000 && isRunning(child); waited += 50) await sleep(50);
  }
}

function username(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user need not have a name.
    return String(process.getuid?.() ?? "unknown");
  }
}
