/**
 * Sees to it that a Docker daemon runs on this computer.
 *
 * - `ensureDockerDaemon({ directory, log, signal? })` → `"answers"` (nothing done), `"service"` (systemd started it) or
 *   `"started"` (started here, because nothing else would)
 * - `stopOwnedDaemon({ directory, log })` → whether one that was started here was ended
 */
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { HostError } from "../errors.ts";
import { docker } from "./docker.ts";
import type { Log } from "./heartbeat.ts";

const run = promisify(execFile);

export interface DaemonArgs {
  /** Where the log and the process id of a daemon started here are kept. */
  readonly directory: string;
  readonly log: Log;
  readonly signal?: AbortSignal;
}

/**
 * Does nothing where a daemon answers (a remote one, Docker Desktop and rootless ones too). Else asks systemd where it is
 * running, and else, as in a container or a CI machine without an init system, starts `dockerd` itself.
 *
 * @throws HostError `unreachable` when no daemon could be brought up, with the end of its log
 */
export async function ensureDockerDaemon(args: DaemonArgs): Promise<"answers" | "service" | "started"> {
  const refusal = await refusalOf(args.signal);
  if (!refusal) return "answers";
  // No right to a daemon that runs, or one chosen by DOCKER_HOST: starting another here would help nobody.
  if (refusal.kind !== "unreachable" || process.env.DOCKER_HOST || process.platform !== "linux") throw refusal;

  if (existsSync("/run/systemd/system")) {
    args.log("the Docker daemon does not answer: starting docker.service");
    await asRoot(["systemctl", "start", "docker"], args.signal);
    await untilAnswers(30, args, () => true);
    return "service";
  }
  await startOwn(args);
  return "started";
}

/** Ends the daemon started here, and no other: its recorded process must still be the same one. */
export async function stopOwnedDaemon({ directory, log }: DaemonArgs): Promise<boolean> {
  const record = recordPath(directory);
  const own = readOwn(record);
  if (!own) return false;
  if (startTime(own.pid) === own.startTime) {
    log(`stopping the Docker daemon that was started here (process ${own.pid})`);
    await asRoot(["kill", String(own.pid)]);
    for (let i = 0; i < 150 && startTime(own.pid) === own.startTime; i++) await sleep(200);
    if (startTime(own.pid) === own.startTime) {
      throw new HostError("timeout", {
        summary: `The Docker daemon started here (process ${own.pid}) did not end within 30 s`,
        try: `see ${logPath(directory)}`,
      });
    }
  }
  rmSync(record, { force: true });
  return true;
}

async function startOwn(args: DaemonArgs): Promise<void> {
  const { directory, log } = args;
  mkdirSync(directory, { recursive: true });
  const out = openSync(logPath(directory), "a");
  log(`no init system runs here, so the Docker daemon is started directly; its log is ${logPath(directory)}`);
  const [program = "", ...rest] = rootArgv(["dockerd"]);
  const child = spawn(program, rest, { detached: true, stdio: ["ignore", out, out] });
  let failed: string | undefined;
  child.once("error", (error) => {
    failed = error.message;
  });
  child.once("exit", (code) => {
    failed ??= `it ended at once (exit ${code})`;
  });
  await untilAnswers(
    60,
    args,
    () => failed === undefined,
    () => failed,
  );
  const pid = daemonPid() ?? child.pid ?? 0;
  writeFileSync(recordPath(directory), `${JSON.stringify({ pid, startTime: startTime(pid) })}\n`);
  child.unref();
}

async function untilAnswers(
  seconds: number,
  { directory, log, signal }: DaemonArgs,
  alive: () => boolean,
  failure: () => string | undefined = () => undefined,
): Promise<void> {
  const start = performance.now();
  const elapsed = () => Math.round((performance.now() - start) / 1000);
  let told = 0;
  let last: HostError | undefined;
  while (alive() && elapsed() < seconds) {
    last = await refusalOf(signal);
    if (!last) return log(`the Docker daemon answers after ${elapsed()} s`);
    if (elapsed() - told >= 8) {
      told = elapsed();
      log(`waiting for the Docker daemon: ${told} s`);
    }
    await sleep(300, undefined, { signal });
  }
  throw new HostError("unreachable", {
    summary: `The Docker daemon did not come up: ${failure() ?? `no answer within ${seconds} s`}`,
    said: tail(logPath(directory)) || last?.details.said,
    try: "install Docker (apt-get install docker.io) and start it by hand to see more: dockerd",
    cause: last,
  });
}

async function refusalOf(signal?: AbortSignal): Promise<HostError | undefined> {
  try {
    await docker(["version", "--format", "{{.Server.Version}}"], {
      what: "reach the Docker daemon",
      timeoutSeconds: 20,
      signal,
    });
    return undefined;
  } catch (error) {
    if (error instanceof HostError && error.kind !== "cancelled") return error;
    throw error;
  }
}

async function asRoot(argv: readonly string[], signal?: AbortSignal): Promise<void> {
  const [program = "", ...rest] = rootArgv(argv);
  await run(program, rest, { signal, timeout: 120_000 }).catch((error: { stderr?: string; code?: number }) => {
    throw new HostError("command", {
      summary: `Could not run ${argv.join(" ")} on this computer`,
      ran: [program, ...rest].join(" "),
      exitCode: error.code,
      said: error.stderr,
      try: "start Docker yourself, then run the same command again",
      cause: error,
    });
  });
}

function rootArgv(argv: readonly string[]): readonly string[] {
  return process.getuid?.() === 0 ? argv : ["sudo", "-n", ...argv];
}

const recordPath = (directory: string) => join(directory, "dockerd.json");
const logPath = (directory: string) => join(directory, "dockerd.log");

function readOwn(path: string): { pid: number; startTime: string } | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** Of the daemon, not of a sudo around it. */
function daemonPid(): number | undefined {
  try {
    return Number(readFileSync("/var/run/docker.pid", "utf8")) || undefined;
  } catch {
    return undefined;
  }
}

/** Process ids are used again; the start time in clock ticks tells two processes with the same id apart. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function tail(path: string): string {
  try {
    return readFileSync(path, "utf8").trim().split("\n").slice(-8).join("\n");
  } catch {
    return "";
  }
}
