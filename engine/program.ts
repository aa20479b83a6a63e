import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { adopt, childEnvironment, endProcess } from "./child-process.ts";
import type { Config } from "./config.ts";
import { EngineError } from "./errors.ts";
import type { Project } from "./project.ts";

export interface ProgramSurroundings {
  readonly stack: string;
  readonly config: Config;
  readonly dryRun: boolean;
  readonly parallel: number;
  readonly monitorAddress: string;
  readonly engineAddress: string;
  readonly onLine: (line: string, stream: "stdout" | "stderr") => void;
  readonly onStart: (pid: number) => void;
  /** Ends the program when the operation is cancelled. */
  readonly cancelled: AbortSignal;
}

// The SDK's way to say that it has told its error to the engine already.
const alreadyToldExitCode = 32;
const cancelGraceSeconds = 5;

/**
 * Runs the project's program once, with the SDK's own `cmd/run`.
 *
 * @returns what is wrong, when it ended badly without having said so itself
 */
export async function runProgram(project: Project, around: ProgramSurroundings): Promise<string | undefined> {
  try {
    createRequire(join(project.workingDirectory, "program")).resolve("@pulumi/pulumi/cmd/run");
  } catch (cause) {
    throw new EngineError(`@pulumi/pulumi is not installed for ${project.workingDirectory}; run npm ci`, { cause });
  }
  const args = [
    fileURLToPath(new URL("./launch-program.ts", import.meta.url)),
    `--monitor=${around.monitorAddress}`,
    `--engine=${around.engineAddress}`,
    "--organization=organization",
    `--project=${project.name}`,
    `--root-directory=${project.root}`,
    `--stack=${around.stack}`,
    `--pwd=${project.workingDirectory}`,
    `--parallel=${around.parallel}`,
    ...(around.dryRun ? ["--dry-run"] : []),
    project.entry,
  ];
  const child = spawn(process.execPath, args, {
    cwd: project.workingDirectory,
    env: { ...childEnvironment(project.root), PULUMI_NODEJS_TYPESCRIPT: "false" },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  adopt(child);
  if (child.pid !== undefined) around.onStart(child.pid);
  for (const stream of ["stdout", "stderr"] as const) {
    createInterface({ input: child[stream] }).on("line", (line) => around.onLine(line, stream));
  }
  // A program that ends before it has read its configuration shows as its exit status.
  child.stdin.on("error", () => {});
  child.stdin.end(
    JSON.stringify({ config: Object.fromEntries(around.config.values), secretKeys: [...around.config.secretKeys] }),
  );

  const cancel = () => setTimeout(() => endProcess(child), cancelGraceSeconds * 1000).unref();
  around.cancelled.addEventListener("abort", cancel, { once: true });
  try {
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve([code, signal]));
    });
    if (code === 0) return undefined;
    if (code === alreadyToldExitCode) return "";
    return `the program ended with ${signal ?? `exit code ${code}`}`;
  } finally {
    around.cancelled.removeEventListener("abort", cancel);
  }
}
