import { isObject, valueChanges } from "../values.ts";

/** The settings of a stack file, by their names. */
export type Settings = Readonly<Record<string, unknown>>;

/** One top-level setting; empty where it is not there. */
export function section(settings: Settings, name: string): Settings {
  const found = settings[name];
  return isObject(found) ? found : {};
}

/** Which settings of a section differ, each name once. */
export function changedNames(before: Settings, after: Settings): string[] {
  return [...new Set(valueChanges(before, after).map(({ path }) => path.split(".")[0] ?? ""))];
}
