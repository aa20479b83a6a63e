import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Document } from "yaml";
import { EngineError, refused } from "./errors.ts";
import { type Crypter, newCrypter, openCrypter, readPassphrase } from "./passphrase.ts";
import type { Project } from "./project.ts";
import type { PropertyPath } from "./property-path.ts";
import { readYaml } from "./read-yaml.ts";
import type { Value } from "./values.ts";

/** One stack's `Pulumi.<stack>.yaml`: its configuration and the salt of its secrets. Comments survive every change. */
export class StackFile {
  readonly path: string;
  readonly #document: Document;

  constructor(project: Project, stack: string) {
    this.path = join(project.stackFolder, `Pulumi.${stack}.yaml`);
    const text = existsSync(this.path) ? readFileSync(this.path, "utf8") : undefined;
    this.#document = text === undefined ? new Document({}) : readYaml(text, this.path);
    if (this.#document.contents === null) this.#document.contents = this.#document.createNode({}) as never;
    if (this.#document.has("environment")) throw refused("environments (environment: in the stack file)");
    const provider = this.#document.get("secretsprovider");
    if (provider && provider !== "passphrase") throw refused(`the secrets provider "${provider}"`);
  }

  /** `namespace:name` → the value as it is written, secrets as `{secure: …}`. */
  get config(): Record<string, Value> {
    return (this.#document.toJS() as { config?: Record<string, Value> }).config ?? {};
  }

  get salt(): string | undefined {
    const salt = this.#document.get("encryptionsalt");
    return typeof salt === "string" && salt !== "" ? salt : undefined;
  }

  /** What encrypts this stack's secrets; a stack that has no salt gets one, and the file is saved with it. */
  async crypter(): Promise<Crypter> {
    if (this.salt) return openCrypter(readPassphrase(), this.salt, this.path);
    const crypter = await newCrypter(readPassphrase());
    this.#document.set("encryptionsalt", crypter.salt);
    this.save();
    return crypter;
  }

  set(key: string, path: PropertyPath, value: Value): void {
    const at = ["config", key, ...path];
    for (let depth = 2; depth < at.length; depth += 1) {
      const above = this.#document.getIn(at.slice(0, depth));
      const missing = above === undefined || above === null;
      if (missing)
        this.#document.setIn(at.slice(0, depth), this.#document.createNode(typeof at[depth] === "number" ? [] : {}));
      else if (typeof above !== "object")
        throw new EngineError(`${at.slice(1, depth).join(".")} holds a single value, so nothing can be set inside it`);
    }
    if (!this.#document.has("config")) this.#document.set("config", this.#document.createNode({}));
    this.#document.setIn(at, this.#document.createNode(value));
  }

  remove(key: string, path: PropertyPath): void {
    this.#document.deleteIn(["config", key, ...path]);
  }

  save(): void {
    mkdirSync(dirname(this.path), { recursive: true });
    const temporary = `${this.path}.${process.pid}.tmp`;
    writeFileSync(temporary, this.#document.toString({ lineWidth: 0 }), { mode: 0o600 });
    renameSync(temporary, this.path);
  }
}
