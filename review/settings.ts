import { isObject, valueChanges } from "./values.ts";

/** The settings of a stack file, by their names. */
export type Settings = Readonly<Record<string, unknown>>;

/** One top-level setting; empty where it is not there. */
export function section(settings: Settings, name: string): Settings {
  const found = settings[name];
  return isObject(found) ? found : {};
}

/** Which settings of a section differ, by name. */
export function changedNames(before: Settings, after: Settings): string[] {
  return valueChanges(before, after).map(({ path }) => path.split(".")[0] ?? "");
}
