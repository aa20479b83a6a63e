import { readdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parse, type ScalarTag } from "yaml";
import type { Command } from "../../host/command.ts";
import { Sensitive } from "../../host/sensitive.ts";
import type { Step } from "../../host/step.ts";
import { sha256 } from "../../host/steps/file-facts.ts";

/**
 * Plans as data. A file names a step by its module and function; each row gives the arguments, the facts of a machine and
 * the titles of the commands planned, or a title and a part of its script. `!sensitive` is a secret, `!sha256` the hash of a text.
 */
interface CaseFile {
  readonly from: string;
  readonly step: string;
  readonly cases: readonly {
    readonly it: string;
    readonly args: unknown;
    readonly facts: unknown;
    readonly commands: readonly (string | { readonly title: string; readonly script: string })[];
  }[];
}

const tags: ScalarTag[] = [
  { tag: "!sensitive", resolve: (text) => new Sensitive(text) },
  { tag: "!sha256", resolve: (text) => sha256(text) },
];
const folder = resolve(import.meta.dirname, "../cases");
const clone = resolve(import.meta.dirname, "../..");
const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));

describe.each(files)("%s", async (file) => {
  const { from, step, cases } = parse(readFileSync(join(folder, file), "utf8"), {
    customTags: tags,
    merge: true,
  }) as CaseFile;
  const module = (await import(join(clone, from))) as Record<string, (args: unknown) => Step<unknown>>;
  const make = module[step];

  test.each(cases)("$it", ({ args, facts, commands }) => {
    expect(make, `${from} exports ${step}`).toBeTypeOf("function");
    const planned = make?.(args).plan(facts) ?? [];
    expect(planned.map(({ title }) => title)).toEqual(
      commands.map((each) => (typeof each === "string" ? each : each.title)),
    );
    for (const [n, each] of commands.entries()) {
      if (typeof each !== "string") expect((planned[n] as Command).script).toContain(each.script.trim());
    }
    expect(planned.map(({ script }) => script).join("\n")).not.toMatch(/s3cret/);
  });

  test("has a machine that is right already, on which nothing is done", () => {
    expect(cases.filter(({ commands }) => commands.length === 0)).not.toEqual([]);
  });

  test("is named for its module", () => {
    expect(basename(file, ".yaml")).toMatch(new RegExp(`^${basename(from, ".ts")}(-|$)`));
  });
});
