import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cloneFolder, projectFiles } from "./source-files.ts";

/** How a run ended, and all that it printed. */
export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** A program of a small clone that runs. */
export interface Running {
  readonly ended: Promise<Ended>;
  /** Resolves when something was printed, or the run ended without it. */
  printed(pattern: RegExp): Promise<boolean>;
  /** Sends a signal to the run alone. */
  kill(signal: NodeJS.Signals): void;
}

/** So that no test touches this computer's own Docker or packages. */
const nothingHere = { docker: "exit 1", dockerd: "exit 1", "apt-get": "exit 1", sudo: "exit 1", mmdebstrap: "exit 1" };

/**
 * A clone of this project in a folder of its own, with a home of its own and stand-ins first on PATH: what a script keeps, makes and
 * removes stays in there.
 */
export class SmallClone implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "nemoclaw-clone-"));
  readonly home = join(this.folder, "home");
  readonly root = join(this.folder, "clone");
  readonly #bin = join(this.folder, "bin");

  /** @param programs shell text by name, for PATH; without the first line */
  constructor(programs: Record<string, string> = {}) {
    for (const file of projectFiles()) {
      if (
        /^(scripts|host|policies|provider|resources|components|stacks|engine|services|review|[^/]+\.(json|yaml))/.test(
          file,
        )
      )
        cpSync(join(cloneFolder, file), join(this.root, file));
    }
    for (const folder of [this.home, this.#bin, join(this.root, "node_modules")])
      mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(join(cloneFolder, "node_modules"))) {
      if (name !== ".cache")
        symlinkSync(join(cloneFolder, "node_modules", name), join(this.root, "node_modules", name));
    }
    for (const [name, text] of Object.entries({ ...nothingHere, ...programs })) this.program(name, text);
  }

  /** Puts a stand-in on PATH. `$here` is this clone's folder above all, where it may note things. */
  program(name: string, text: string): void {
    const file = join(this.#bin, name);
    writeFileSync(file, `#!/bin/sh\nhere=${this.folder}\n${text}\n`, { mode: 0o755 });
  }

  /** Puts a stand-in in the place of an npm package. */
  package(name: string, files: Record<string, string>): void {
    const folder = join(this.root, "node_modules", name);
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  }

  /** Runs a script as a person would, with nothing of this computer's own settings. */
  script(name: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Running {
    return this.#start([join(this.root, "scripts", `${name}.ts`), ...args], env);
  }

  /** Runs lines of TypeScript that import from the clone's root: `import { x } from "./scripts/x.ts"`. */
  lines(text: string, env: NodeJS.ProcessEnv = {}): Running {
    const file = join(this.root, "lines.ts");
    writeFileSync(file, text);
    return this.#start([file], env);
  }

  #start(words: readonly string[], more: NodeJS.ProcessEnv): Running {
    const env = { HOME: this.home, PATH: `${this.#bin}:/usr/bin:/bin`, NO_COLOR: "1", ...more };
    const child = spawn(process.execPath, words, { cwd: this.root, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    let over = false;
    const ended = new Promise<Ended>((done) =>
      child.on("close", (exitCode, signal) => {
        over = true;
        done({ exitCode, signal, output });
      }),
    );
    return {
      ended,
      async printed(pattern) {
        while (!pattern.test(output) && !over) await sleep(20);
        return pattern.test(output);
      },
      kill: (signal) => void child.kill(signal),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
