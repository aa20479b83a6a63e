/**
 * Sees to it that a Docker daemon runs on this computer.
 *
 * - `dockerRefusal(signal?)` → why no daemon answers this user, nothing where one does
 * - `ensureDockerDaemon({ directory, log, signal? })` → `"answers"` (nothing done), `"service"` (systemd started it) or
 *   `"started"` (started here, because nothing else would)
 * - `stopOwnedDaemon({ directory, log })` → whether one that was started here was ended
 */
import { execFile, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { HostError } from "../errors.ts";
import { docker } from "./docker.ts";
import { dockerEndpoint } from "./endpoint.ts";
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
  const refusal = await dockerRefusal(args.signal);
  if (!refusal) return "answers";
  // No right to a daemon that runs, or one that somebody chose: starting another here would help nobody.
  if (refusal.kind !== "unreachable" || process.platform !== "linux") throw refusal;
  if ((await dockerEndpoint(args.signal)).chosenBy) throw refusal;

  if (existsSync("/run/systemd/system")) {
    args.log("the Docker daemon does not answer: starting docker.service");
    await asRoot(["systemctl", "start", "docker"], args.signal);
    await untilAnswers(30, args, () => undefined);
    return "service";
  }
  return startOwn(args);
}

/** Ends the daemon started here, and no other: its recorded process must still be the same one. */
export async function stopOwnedDaemon({ directory, log }: DaemonArgs): Promise<boolean> {
  const record = recordPath(directory);
  const own = readOwn(record);
  if (!own) return false;
  const runs = () => startTime(own.pid) === own.startTime;
  const ours = runs();
  if (ours) {
    log(`stopping the Docker daemon that was started here (process ${own.pid})`);
    await asRoot(["kill", String(own.pid)]);
    for (let i = 0; i < 150 && runs(); i++) await sleep(200);
    if (runs()) {
      throw new HostError("timeout", {
        summary: `The Docker daemon started here (process ${own.pid}) did not end within 30 s`,
        try: `see ${logPath(directory)}`,
      });
    }
  }
  rmSync(record, { force: true });
  return ours;
}

async function startOwn(args: DaemonArgs): Promise<"answers" | "started"> {
  const { directory, log } = args;
  mkdirSync(directory, { recursive: true });
  log(`no init system runs here, so the Docker daemon is started directly; its log is ${logPath(directory)}`);
  const [program = "", ...rest] = rootArgv(["dockerd"]);
  const out = openSync(logPath(directory), "a");
  const child = spawn(program, rest, { detached: true, stdio: ["ignore", out, out], env: withSystemPrograms() });
  closeSync(out);
  // Written at once, so that a later run can end it even when this one is killed while waiting.
  if (child.pid)
    writeFileSync(recordPath(directory), `${JSON.stringify({ pid: child.pid, startTime: startTime(child.pid) })}\n`);
  let ended: string | undefined;
  child.once("error", (error) => {
    ended = error.message;
  });
  child.once("exit", (code) => {
    ended ??= `dockerd ended at once (exit ${code})`;
  });
  try {
    await untilAnswers(60, args, () => ended);
  } finally {
    child.unref();
    if (ended !== undefined) rmSync(recordPath(directory), { force: true });
  }
  // Ours ended and one answers: somebody else was quicker, and theirs is theirs to stop.
  return ended === undefined ? "started" : "answers";
}

async function untilAnswers(seconds: number, args: DaemonArgs, failure: () => string | undefined): Promise<void> {
  const { directory, log, signal } = args;
  const start = performance.now();
  const elapsed = () => Math.round((performance.now() - start) / 1000);
  let deadline = seconds;
  let told = 0;
  let last: HostError | undefined;
  while (elapsed() < deadline) {
    last = await dockerRefusal(signal);
    if (!last) return log(`the Docker daemon answers after ${elapsed()} s`);
    if (failure() !== undefined) deadline = Math.min(deadline, elapsed() + 3);
    if (elapsed() - told >= 8) {
      told = elapsed();
      log(`waiting for the Docker daemon: ${told} s`);
    }
    await sleep(300, undefined, { signal });
  }
  throw new HostError("unreachable", {
    summary: `The Docker daemon did not come up: ${failure() ?? `no answer within ${seconds} s`}`,
    said: tail(logPath(directory)) || last?.details.said,
    try: "see that a Docker daemon is installed, and start it by hand to see more: dockerd",
    cause: last,
  });
}

/** Why no daemon answers this user. */
export async function dockerRefusal(signal?: AbortSignal): Promise<HostError | undefined> {
  try {
    await docker(["version", "--format", "{{.Server.Version}}"], {
      what: "reach the Docker daemon",
      timeoutSeconds: 20,
      signal,
      try: "see what leads the client (docker context ls; DOCKER_HOST and DOCKER_CONTEXT, each by unset NAME where it should not), until docker version answers",
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

/** A plain user's PATH often lacks the folders of dockerd and of the iptables it needs. */
function withSystemPrograms(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin` };
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

/** Process ids are used again; the start time in clock ticks tells two processes with the same id apart. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // Ended, and its parent does not care: the first process of a container often does not.
    return fields[0] === "Z" ? undefined : fields[19];
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
