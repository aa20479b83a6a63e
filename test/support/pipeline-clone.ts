import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { cloneFolder } from "../../scripts/clone-paths.ts";
import { type Finished, runProgram } from "../../scripts/run-program.ts";
import { copyClone } from "./clone-copy.ts";
import { changeStackFile, type StackConfig, writeStackFile } from "./stack-file.ts";
import { putProgram } from "./stand-ins.ts";

/**
 * What a pipeline has: a clone of a git remote, a backend that is a folder of its own, a passphrase in the environment, and
 * the real Pulumi CLI. The remote is a bare repository here, made from the files of this clone.
 */
export class PipelineClone {
  readonly stack: string;
  /** Where the clone is; everything else is beside it. */
  readonly folder: string;
  readonly #root: string;

  private constructor(root: string, stack: string) {
    this.#root = root;
    this.folder = join(root, "clone");
    this.stack = stack;
  }

  static async make(stack: string, config: StackConfig): Promise<PipelineClone> {
    const clone = new PipelineClone(await mkdtemp(join(tmpdir(), "nemoclaw-pipeline-")), stack);
    const root = clone.#root;
    await mkdir(join(root, "state"));
    // The Pulumi CLI starts policy packs through a plugin that not every build of it has.
    const loader = join(cloneFolder, "node_modules/@pulumi/pulumi/cmd/run-policy-pack/index.js");
    putProgram(join(root, "bin"), "pulumi-analyzer-policy", `exec node '${loader}' "$@"`);
    clone.git(root, "init", "-q", "--bare", "-b", "main", "remote.git");
    clone.git(root, "clone", "-q", "remote.git", "clone");
    await copyClone(clone.folder);
    await writeStackFile(clone.#stackFile, config);
    return clone;
  }

  get #stackFile(): string {
    return join(this.folder, "stacks", `Pulumi.${this.stack}.yaml`);
  }

  git(at: string, ...words: string[]): string {
    const who = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
    return execFileSync("git", ["-C", at, ...who, ...words], { encoding: "utf8", stdio: "pipe" });
  }

  /** Changes the stack's file as a person would. */
  configure(change: (config: StackConfig) => void): Promise<void> {
    return changeStackFile(this.#stackFile, change);
  }

  /** Commits all there is and brings it to the remote's default branch. */
  merge(message: string): void {
    this.git(this.folder, "add", ".");
    this.git(this.folder, "commit", "-qm", message);
    this.git(this.folder, "push", "-q", "origin", "HEAD:main");
  }

  /** Runs one of the clone's own scripts or steps, with what a pipeline sets. */
  run(program: string, ...args: string[]): Promise<Finished> {
    return this.#run(undefined, program, ...args);
  }

  /** The same, with something on standard input. */
  pipe(stdin: string, program: string, ...args: string[]): Promise<Finished> {
    return this.#run(stdin, program, ...args);
  }

  #run(stdin: string | undefined, program: string, ...args: string[]): Promise<Finished> {
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      PATH: [join(this.#root, "bin"), process.env.PATH].join(delimiter),
      PULUMI_BACKEND_URL: `file://${join(this.#root, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "a pipeline's passphrase",
      NO_COLOR: "1",
    };
    delete env.NEMOCLAW_ENGINE;
    return runProgram([join(this.folder, program), ...args], { cwd: this.folder, env, stdin, timeoutSeconds: 900 });
  }

  async remove(): Promise<void> {
    await rm(this.#root, { recursive: true, force: true });
  }
}
