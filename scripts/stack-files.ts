import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ReviewError } from "../review/review-error.ts";
import { readStackFile } from "../review/revisions/stack-file.ts";
import { isObject } from "../review/values.ts";
import { cloneFolder } from "./clone-paths.ts";

/** Sections of a stack file; nothing in them is checked. */
export interface WrittenSections {
  readonly machine: Readonly<Record<string, unknown>>;
  readonly runtime: Readonly<Record<string, unknown>>;
}

/**
 * What one stack file says of the machine and of the runtime.
 *
 * @throws ReviewError that names the file, where it is none, or a section is no mapping
 */
export function sectionsIn(file: string): WrittenSections {
  const name = `stacks/${basename(file)}`;
  const text = readFileSync(file, "utf8");
  const { settings } = readStackFile(text, name);
  const section = (key: keyof WrittenSections) => {
    const written = settings[key] ?? {};
    if (isObject(written)) return written;
    throw new ReviewError(
      `${name}: nemoclaw:${key} is not a mapping`,
      "see docs/configuration.md for what stands in it",
    );
  };
  return { machine: section("machine"), runtime: section("runtime") };
}

/** The stacks of this clone that are configured. */
export function configuredStacks(folder = join(cloneFolder, "stacks")): string[] {
  return readdirSync(folder)
    .flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? [])
    .sort();
}

/** The sections of every stack of this clone, by its name. */
export function stackSections(
  folder = join(cloneFolder, "stacks"),
): (readonly [stack: string, sections: WrittenSections])[] {
  return configuredStacks(folder).map((stack) => [stack, sectionsIn(join(folder, `Pulumi.${stack}.yaml`))]);
}
