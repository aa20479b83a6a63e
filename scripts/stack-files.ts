import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { cloneFolder } from "./clone-paths.ts";

/** What a stack file says under `config`; nothing of it is checked. */
export type WrittenConfig = Readonly<Record<string, unknown>>;

/** The configuration of one stack file. */
export function configIn(file: string): WrittenConfig {
  const { config } = (parse(readFileSync(file, "utf8")) ?? {}) as { config?: WrittenConfig };
  return config ?? {};
}

/** The stacks of this clone that are configured. */
export function configuredStacks(folder = join(cloneFolder, "stacks")): string[] {
  return readdirSync(folder)
    .flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? [])
    .sort();
}

/** The configuration of every stack of this clone, by its name. */
export function stackConfigs(
  folder = join(cloneFolder, "stacks"),
): (readonly [stack: string, config: WrittenConfig])[] {
  return configuredStacks(folder).map((stack) => [stack, configIn(join(folder, `Pulumi.${stack}.yaml`))]);
}
