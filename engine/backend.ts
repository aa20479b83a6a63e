import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { EngineError, refused } from "./errors.ts";

/** Where states live: the same folder and the same files as the CLI's own `file://` backend, so both see one state. */
export class Backend {
  readonly #folder: string;
  readonly #project: string;

  /**
   * @param url `file://<folder>`, as in `PULUMI_BACKEND_URL`; `~` is the home folder, anything relative counts from the project
   */
  constructor(url: string | undefined, project: { name: string; root: string }) {
    if (!url)
      throw new EngineError("the embedded engine keeps its state in files: set PULUMI_BACKEND_URL=file://<folder>");
    if (!url.startsWith("file://")) throw refused(`the backend ${new URL(url).protocol}//…`);
    this.#folder = join(folderOf(url, project.root), ".pulumi");
    this.#project = project.name;
    if (existsSync(join(this.#folder, "stacks")) && !existsSync(join(this.#folder, "meta.yaml"))) {
      throw refused(`the old layout of ${this.#folder} (run \`pulumi state upgrade\`)`);
    }
  }

  stateFile(stack: string): string {
    return join(this.#folder, "stacks", this.#project, `${stack}.json`);
  }

  lockFolder(stack: string): string {
    return join(this.#folder, "locks", "organization", this.#project, stack);
  }

  stacks(): string[] {
    const folder = join(this.#folder, "stacks", this.#project);
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((name) => name.endsWith(".json"))
      .map((name) => name.slice(0, -".json".length))
      .sort();
  }

  exists(stack: string): boolean {
    if (existsSync(`${this.stateFile(stack)}.gz`)) throw refused(`a compressed state (${this.stateFile(stack)}.gz)`);
    return existsSync(this.stateFile(stack));
  }

  /** The deployment of a stack, as it is written; undefined for a stack nothing was ever deployed to. */
  read(stack: string): unknown {
    if (!this.exists(stack)) {
      throw new EngineError(`no stack named "${stack}" in ${this.#folder}; make it with: stack init ${stack}`);
    }
    const file = JSON.parse(readFileSync(this.stateFile(stack), "utf8"));
    if (file.version !== 3) throw refused(`a state of format ${file.version} (${this.stateFile(stack)})`);
    return file.checkpoint?.latest ?? undefined;
  }

  /** Replaces the state at once or not at all, whatever happens in between, power cuts included. */
  async write(stack: string, deployment: string): Promise<void> {
    const path = this.stateFile(stack);
    this.#prepare(dirname(path));
    const temporary = `${path}.${process.pid}.tmp`;
    const file = await open(temporary, "w", 0o600);
    try {
      const name = JSON.stringify(`organization/${this.#project}/${stack}`);
      await file.writeFile(`{"version":3,"checkpoint":{"stack":${name},"latest":${deployment}}}`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    // The CLI keeps a checksum beside each file; one that no longer fits is worse than none.
    await rm(`${path}.attrs`, { force: true });
  }

  /** Keeps the state as it was before an operation beside the state, as the CLI does. */
  backup(stack: string): void {
    if (this.exists(stack)) copyFileSync(this.stateFile(stack), `${this.stateFile(stack)}.bak`);
  }

  remove(stack: string): void {
    for (const ending of ["", ".attrs", ".bak.attrs"]) rmSync(`${this.stateFile(stack)}${ending}`, { force: true });
  }

  #prepare(folder: string): void {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const meta = join(this.#folder, "meta.yaml");
    if (!existsSync(meta)) writeFileSync(meta, "version: 1\n");
  }
}

function folderOf(url: string, root: string): string {
  const path = url.slice("file://".length).replace(/\?.*$/, "");
  if (path.startsWith("~")) return join(homedir(), path.slice(1));
  return path.startsWith("/") ? fileURLToPath(`file://${path}`) : resolve(root, path);
}
