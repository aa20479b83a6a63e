import { readFile, writeFile } from "node:fs/promises";
import { parse, stringify } from "yaml";

export type StackConfig = Record<string, unknown>;

/** Writes a stack's configuration file. */
export async function writeStackFile(file: string, config: StackConfig): Promise<void> {
  await writeFile(file, stringify({ config }, { lineWidth: 0 }));
}

/** What a stack's configuration file sets. */
export async function readStackFile(file: string): Promise<StackConfig> {
  return (parse(await readFile(file, "utf8")) as { config: StackConfig }).config;
}

/** Changes a stack's configuration file as a person would. */
export async function changeStackFile(file: string, change: (config: StackConfig) => void): Promise<void> {
  const whole = parse(await readFile(file, "utf8")) as { config: StackConfig };
  change(whole.config);
  await writeFile(file, stringify(whole, { lineWidth: 0 }));
}

/** A change of some properties of a setting, whose others stay: `setting("inference", { model: "demo-2" })`. */
export function setting(name: string, change: object): (config: StackConfig) => void {
  const key = `nemoclaw:${name}`;
  return (config) => {
    config[key] = { ...(config[key] as object), ...change };
  };
}
