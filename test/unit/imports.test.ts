import { basename, posix } from "node:path";
import { describe, expect, test } from "vitest";
import { importsOf, projectFiles, readProjectFile } from "../support/source-files.ts";

interface Rule {
  /** Folders, or files by pattern, that this folder may load at run time besides itself. */
  readonly loads: readonly RegExp[];
  /** What it may import as types only, besides. */
  readonly types?: readonly RegExp[];
  /** npm packages it must not touch, and why it is so. */
  readonly never?: readonly RegExp[];
}

const pulumi = /^@pulumi\//;
const ssh = /^ssh2$/;

const rules: Record<string, Rule> = {
  stacks: { loads: [/^components\//, /^resources\//, /^policies\//], types: [/^host\//], never: [ssh] },
  // The machine components keep the guardrails themselves, so that a stack is safe without the policy pack.
  components: { loads: [/^resources\//, /^policies\/guardrails\//], types: [/^host\//, /^policies\//], never: [ssh] },
  resources: { loads: [], types: [/^host\//, /^policies\//], never: [ssh] },
  provider: { loads: [/^host\//, /^policies\//, /^services\/build\.ts$/] },
  host: { loads: [/^policies\//, /^services\/[^/]+\/unit[^/]*\.ts$/, /^services\/build\.ts$/], never: [pulumi] },
  policies: { loads: [], never: [pulumi, ssh] },
  // A service stands alone; what several of them need lies beside their folders.
  services: { loads: [/^policies\//, /^services\/[^/]+\.ts$/], never: [pulumi, ssh] },
  engine: { loads: [] },
  // The settings of a revision are read by the program's own reader, which is pure; so are the table of what a cloud has and what
  // tells where a lock file's packages come from, and of which version an address is.
  review: {
    loads: [
      /^policies\//,
      /^stacks\/settings\//,
      /^components\/machine\/gpu-table-gcp\.ts$/,
      /^host\/(lock|lock-npm|lock-version|npm-unchecked)\.ts$/,
    ],
    never: [pulumi, ssh],
  },
};

/** What is wrong with one file's imports, in words. */
function faults(file: string, text: string): string[] {
  const folder = file.split("/")[0] ?? "";
  const rule = rules[folder];
  if (!rule) return [];
  return importsOf(text).flatMap(({ from, typeOnly }) => {
    if (!from.startsWith(".")) {
      return rule.never?.some((pattern) => pattern.test(from)) ? [`${file} imports the package ${from}`] : [];
    }
    const target = posix.join(posix.dirname(file), from);
    const own = folder === "services" ? `${posix.dirname(file).split("/").slice(0, 2).join("/")}/` : `${folder}/`;
    const allowed = [...rule.loads, ...(typeOnly ? (rule.types ?? []) : [])];
    if (target.startsWith(own) || allowed.some((pattern) => pattern.test(target))) return [];
    return [`${file} imports ${target}${typeOnly ? " (types only)" : ""}`];
  });
}

const sources = projectFiles().filter((file) => file.endsWith(".ts"));

describe("import rules", () => {
  test.each(Object.keys(rules))("%s imports only what it may", (folder) => {
    const found = sources
      .filter((file) => file.startsWith(`${folder}/`))
      .flatMap((file) => faults(file, readProjectFile(file)));
    expect(found).toEqual([]);
  });

  test.each([
    ["host/x.ts", 'import * as pulumi from "@pulumi/pulumi";'],
    ["resources/x.ts", 'import { connectTo } from "../host/pool.ts";'],
    ["resources/x.ts", 'import ssh2 from "ssh2";'],
    ["components/x.ts", 'export { stack } from "../stacks/index.ts";'],
    ["policies/x.ts", 'const host = await import("../host/host.ts");'],
    ["services/demo/x.ts", 'import { turn } from "../telegram-bridge/turn.ts";'],
    ["host/x.ts", 'import { supervise } from "../services/sandbox-supervisor/main.ts";'],
  ])("a forbidden import in %s is seen: %s", (file, text) => {
    expect(faults(file, text)).toHaveLength(1);
  });

  test.each([
    ["resources/x.ts", 'import type { Machine } from "../host/machine.ts";'],
    ["resources/x.ts", 'import { type Machine } from "../host/machine.ts";'],
    ["host/steps/x.ts", 'import { unit } from "../../services/demo/unit.ts";'],
    ["services/demo/x.ts", 'import { model } from "./model.ts";'],
  ])("an allowed import in %s passes: %s", (file, text) => {
    expect(faults(file, text)).toEqual([]);
  });

  test("relative imports end in .ts, because Node runs the files as they are", () => {
    const found = sources.flatMap((file) =>
      importsOf(readProjectFile(file))
        .filter(({ from }) => from.startsWith(".") && !/\.(ts|json|mjs)$/.test(from))
        .map(({ from }) => `${file} imports ${from}`),
    );
    expect(found).toEqual([]);
  });
});

describe("files", () => {
  test("are named in kebab-case for the one thing inside", () => {
    const vague = /^(utils?|helpers?|common|misc|manager|types|constants|shared)(\.|-|$)|-(utils?|helpers?|manager)\./;
    const names = sources.filter((file) => {
      const name = basename(file);
      return vague.test(name) || !/^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.config|\.d)?\.ts$/.test(name);
    });
    expect(names).toEqual([]);
  });

  test("have at most 300 lines outside the tests", () => {
    const long = sources
      .filter((file) => !file.endsWith(".test.ts"))
      .map((file) => ({ file, lines: readProjectFile(file).split("\n").length - 1 }))
      .filter(({ lines }) => lines > 300);
    expect(long).toEqual([]);
  });

  test("have named exports only", () => {
    const exempt = ["vitest.config.ts"];
    const found = sources.filter((file) => !exempt.includes(file) && /^export default /m.test(readProjectFile(file)));
    expect(found).toEqual([]);
  });
});
