import type { z } from "zod";
import { at, isUnknown, type Path } from "./wire.ts";

export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

/** A property path as Pulumi prints and reads it: `machine.hostKeys[0]`, `files["a.b"]`. */
export function printPath(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    if (!/^[^.[\]"]+$/.test(key)) return `${text}["${key.replaceAll('"', '\\"')}"]`;
    return text === "" ? key : `${text}.${key}`;
  }, "");
}

/** What is wrong with some inputs, all at once. Values not known yet at preview pass; they are checked when they are. */
export function failuresOf(schema: z.ZodType, inputs: Record<string, unknown>): CheckFailure[] {
  const result = schema.safeParse(inputs);
  if (result.success) return [];
  return result.error.issues
    .map((issue) => ({ path: issue.path as Path, reason: issue.message }))
    .filter(({ path }) => !onUnknown(inputs, path))
    .map(({ path, reason }) => ({ property: printPath(path), reason }));
}

function onUnknown(inputs: Record<string, unknown>, path: Path): boolean {
  return path.some((_, length) => isUnknown(at(inputs, path.slice(0, length + 1))));
}
