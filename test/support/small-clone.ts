import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cloneFolder, projectFiles } from "./source-files.ts";
import { putProgram } from "./stand-ins.ts";
import { type Watched, watchProgram } from "./watch-program.ts";

/** So that no test touches this computer's own Docker, which is one that its user may not use, or packages. */
const nothingHere = {
  docker: 'echo "permission denied: /var/run/docker.sock" >&2; exit 1',
  dockerd: "exit 1",
  "apt-get": "exit 1",
  sudo: "exit 1",
  mmdebstrap: "exit 1",
};

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
    putProgram(this.#bin, name, `here=${this.folder}\n${text}`);
  }

  /** Puts a stand-in in the place of an npm package. */
  package(name: string, files: Record<string, string>): void {
    const folder = join(this.root, "node_modules", name);
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  }

  /** Runs a script as a person would, with nothing of this computer's own settings. */
  script(name: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Watched {
    return this.#start([join(this.root, "scripts", `${name}.ts`), ...args], env);
  }

  /** Runs lines of TypeScript that import from the clone's root: `import { x } from "./scripts/x.ts"`. */
  lines(text: string, env: NodeJS.ProcessEnv = {}): Watched {
    const file = join(this.root, "lines.ts");
    writeFileSync(file, text);
    return this.#start([file], env);
  }

  #start(words: readonly string[], more: NodeJS.ProcessEnv): Watched {
    const env = { HOME: this.home, PATH: `${this.#bin}:/usr/bin:/bin`, NO_COLOR: "1", ...more };
    return watchProgram([process.execPath, ...words], { cwd: this.root, env });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
