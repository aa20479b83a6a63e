import { type Config, packageConfig } from "./config.ts";
import { messageOf, refused } from "./errors.ts";
import { PluginProcess, type PluginSurroundings } from "./plugin.ts";
import { Provider } from "./provider.ts";
import { makeUrn, providerTypePrefix } from "./urn.ts";

const cancelSeconds = 10;

/** The providers of a project, each started when first needed and kept for the whole operation. */
export class Providers {
  readonly #folders: ReadonlyMap<string, string>;
  readonly #config: Promise<Config>;
  readonly #where: { stack: string; project: string };
  readonly #around: PluginSurroundings;
  readonly #started = new Map<string, Promise<{ plugin: PluginProcess; provider: Provider }>>();

  /** @param config may still be on its way, so that plugins start while the passphrase is being stretched */
  constructor(
    folders: ReadonlyMap<string, string>,
    config: Promise<Config>,
    where: { stack: string; project: string },
    around: PluginSurroundings,
  ) {
    this.#folders = folders;
    this.#config = config;
    this.#where = where;
    this.#around = around;
  }

  /**
   * The provider of a package.
   *
   * @throws EngineError when the package is not one of the project's folders and so would have to be downloaded
   */
  async get(packageName: string): Promise<Provider> {
    let starting = this.#started.get(packageName);
    if (!starting) {
      starting = this.#start(packageName);
      this.#started.set(packageName, starting);
    }
    return (await starting).provider;
  }

  /** Starts every plugin ahead of its first use; a failure shows when the plugin is used. */
  warm(): void {
    for (const name of this.#folders.keys()) this.get(name).catch(() => {});
  }

  /** Asks every plugin to stop what it does. */
  async cancel(): Promise<void> {
    const asked = [...this.#started.values()].map(async (starting) => (await starting).provider.cancel());
    const deadline = new Promise<void>((resolve) => setTimeout(resolve, cancelSeconds * 1000).unref());
    await Promise.race([Promise.allSettled(asked), deadline]);
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#started.values()].map(async (starting) => (await starting).plugin.close()));
  }

  async #start(name: string): Promise<{ plugin: PluginProcess; provider: Provider }> {
    const folder = this.#folders.get(name);
    if (folder === undefined)
      throw refused(`downloaded providers, and "${name}" is not one of the folders in plugins.providers`);
    const plugin = await PluginProcess.start(name, folder, this.#around);
    const provider = new Provider(plugin);
    try {
      await provider.configure(
        name,
        makeUrn(this.#where, "", `${providerTypePrefix}${name}`, "default"),
        packageConfig(await this.#config, name),
      );
    } catch (error) {
      await plugin.close();
      throw new Error(`the plugin "${name}" could not be configured: ${messageOf(error)}`, { cause: error });
    }
    return { plugin, provider };
  }
}
