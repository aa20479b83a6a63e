/**
 * The only place that runs the `docker` command.
 *
 * - `docker(argv, options)` → standard output, or a `HostError` that says what failed
 * - `inspect("container" | "image" | "network" | "volume", name)` → Docker's own record, or `undefined` when it is gone
 * - `list("container" | "image" | "network" | "volume", labels)` → ids of the things that carry all these labels
 */
import { spawn } from "node:child_process";
import { HostError } from "../errors.ts";

export interface DockerOptions {
  /** What this is for, in the imperative, for the error's first line: `create the container web`. */
  readonly what?: string;
  /** Standard input: bytes, or a stream such as another program's output. */
  readonly input?: string | Uint8Array | NodeJS.ReadableStream;
  readonly signal?: AbortSignal;
  /** @default 120 */
  readonly timeoutSeconds?: number;
  /** Called with each line of either output as it comes. */
  readonly onLine?: (line: string) => void;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** What the reader can do when it fails, where Docker's words alone do not say. */
  readonly try?: string;
}

export type DockerKind = "container" | "image" | "network" | "volume";

/**
 * Runs `docker` with an argument list (never a shell) and gives its standard output.
 *
 * @throws HostError `unreachable` (no docker command, no daemon), `auth` (no right to its socket), `timeout`, `cancelled`,
 * `command` (Docker said no)
 * @example
 * const version = await docker(["version", "--format", "{{.Server.Version}}"]);
 */
export async function docker(argv: readonly string[], options: DockerOptions = {}): Promise<string> {
  const seconds = options.timeoutSeconds ?? 120;
  const deadline = AbortSignal.timeout(seconds * 1000);
  const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
  const ran = `docker ${argv.join(" ")}`;
  const what = options.what ?? `run docker ${argv[0] ?? ""}`.trim();
  const ended = await execute(argv, options, signal).catch((cause: NodeJS.ErrnoException) => {
    if (options.signal?.aborted) {
      throw new HostError("cancelled", { summary: `Cancelled: ${what}`, ran, cause });
    }
    if (deadline.aborted) {
      throw new HostError("timeout", {
        summary: `Docker did not ${what} within ${seconds} s`,
        ran,
        cause,
        try: options.try,
      });
    }
    throw new HostError("unreachable", {
      summary: `Could not ${what}: the docker command cannot be run (${cause.code ?? cause.message})`,
      ran,
      cause,
      try: "install Docker (on Debian and Ubuntu: apt-get install docker.io) and see that docker is on PATH",
    });
  });
  if (ended.exitCode === 0) return ended.stdout;
  throw refusal(what, ran, ended, options.try);
}

/** Docker's record of one thing, as `docker <kind> inspect` prints it; `undefined` when there is no such thing. */
export async function inspect<T = unknown>(
  kind: DockerKind,
  name: string,
  options: DockerOptions = {},
): Promise<T | undefined> {
  try {
    const text = await docker([kind, "inspect", name], {
      what: `look at the ${kind} ${name}`,
      timeoutSeconds: 30,
      ...options,
    });
    return (JSON.parse(text) as T[])[0];
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Ids (names for volumes) of what carries all these labels, stopped containers included. */
export async function list(
  kind: DockerKind,
  labels: Readonly<Record<string, string>>,
  options: DockerOptions = {},
): Promise<string[]> {
  const filters = Object.entries(labels).flatMap(([key, value]) => ["--filter", `label=${key}=${value}`]);
  const all = kind === "container" || kind === "image" ? ["--all"] : [];
  const full = kind === "volume" ? [] : ["--no-trunc"];
  const text = await docker([kind, "ls", "--quiet", ...all, ...full, ...filters], {
    what: `list our ${kind}s`,
    timeoutSeconds: 30,
    ...options,
  });
  return [...new Set(text.split("\n").filter(Boolean))];
}

/** Whether an error only says that the thing is not there (any more). */
export function isGone(error: unknown): boolean {
  if (!(error instanceof HostError) || error.kind !== "command") return false;
  return /no such (container|image|network|volume|object)|(network|volume) \S+ not found/i.test(
    error.details.said ?? "",
  );
}

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function execute(argv: readonly string[], options: DockerOptions, signal: AbortSignal): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn("docker", argv, { signal, env: { ...process.env, ...options.env }, stdio: "pipe" });
    const stdout = collect(child.stdout, options.onLine);
    const stderr = collect(child.stderr, options.onLine);
    child.once("error", reject);
    child.once("close", (code) => resolve({ exitCode: code ?? 128, stdout: stdout(), stderr: stderr() }));
    // Docker may refuse before it has read its input; the exit code then says more than a broken pipe.
    child.stdin.on("error", () => {});
    const { input } = options;
    if (typeof input === "object" && "pipe" in input) input.pipe(child.stdin);
    else child.stdin.end(input);
  });
}

function collect(stream: NodeJS.ReadableStream, onLine?: (line: string) => void): () => string {
  let text = "";
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    text += chunk;
    const lines = (rest + chunk).split(/\r?\n/);
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim()) onLine?.(line);
  });
  return () => text;
}

/** The words of Docker's clients up to 28, and those of 29 and newer. */
const noDaemon =
  /cannot connect to the docker daemon|is the docker daemon running|error during connect|failed to connect to the docker api/i;

function refusal(what: string, ran: string, { exitCode, stdout, stderr }: Ended, hint?: string): HostError {
  const said = stderr.trim() || stdout.trim();
  if (
    /permission denied.*(docker\.sock|docker daemon socket|docker api)|docker daemon socket.*permission denied/is.test(
      said,
    )
  ) {
    return new HostError("auth", {
      summary: `Could not ${what}: this user may not use the Docker daemon`,
      ran,
      exitCode,
      said,
      try: "join the group docker as root where you are not in it (usermod -aG docker $USER), then log in again, or for now: newgrp docker",
    });
  }
  if (noDaemon.test(said)) {
    return new HostError("unreachable", {
      summary: `Could not ${what}: the Docker daemon does not answer`,
      ran,
      exitCode,
      said,
      try: "start it (systemctl start docker, with --user where it runs without root, or Docker Desktop), then run the same command again",
    });
  }
  return new HostError("command", { summary: `Docker could not ${what}`, ran, exitCode, said, try: hint });
}
