import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { z } from "zod";
import { EngineError, refused } from "./errors.ts";
import { readYaml } from "./read-yaml.ts";

/** A Pulumi project whose plugins all live in folders. */
export interface Project {
  readonly name: string;
  /** Absolute folder of Pulumi.yaml. */
  readonly root: string;
  /** Where the program runs and what it is, as the CLI works it out of `main`. */
  readonly workingDirectory: string;
  readonly entry: string;
  /** Where `Pulumi.<stack>.yaml` files are. */
  readonly stackFolder: string;
  readonly backendUrl?: string;
  /** Package name → the plugin's absolute folder. */
  readonly plugins: ReadonlyMap<string, string>;
}

const file = z.object({
  name: z.string().regex(/^[A-Za-z0-9_.-]+$/),
  runtime: z.union([
    z.string().transform((name) => ({ name, options: {} as Record<string, unknown> })),
    z.object({ name: z.string(), options: z.record(z.string(), z.unknown()).default({}) }),
  ]),
  main: z.string().optional(),
  stackConfigDir: z.string().nullish(),
  backend: z.object({ url: z.string().optional() }).nullish(),
  plugins: z
    .object({
      providers: z.array(z.object({ name: z.string(), path: z.string(), version: z.string().optional() })).default([]),
      languages: z.array(z.unknown()).optional(),
      analyzers: z.array(z.unknown()).optional(),
    })
    .optional(),
  packages: z.unknown().optional(),
  config: z.unknown().optional(),
  options: z.unknown().optional(),
});

/** Where stack files are. Scripts and reviews look nowhere else, so that settings in another folder would be nobody's. */
const stackFolder = "stacks";

/** What the CLI takes for a project as well, with stack files of that ending. */
const others = ["Pulumi.json", "Pulumi.yml"];

/**
 * Reads `Pulumi.yaml` of a folder.
 *
 * @throws EngineError when it is not there, not well formed, or asks for what only the CLI does
 */
export function readProject(folder: string): Project {
  const root = resolve(folder);
  const path = join(root, "Pulumi.yaml");
  if (!existsSync(path)) throw new EngineError(`no Pulumi.yaml in ${root}; -C names the project's folder`);
  const other = others.find((name) => existsSync(join(root, name)));
  if (other !== undefined)
    throw new EngineError(
      `${root} has ${other} besides Pulumi.yaml, and the Pulumi CLI takes Pulumi.json, then Pulumi.yaml, then Pulumi.yml; write what is meant in Pulumi.yaml`,
    );
  const text = readFileSync(path, "utf8");
  const read = file.safeParse(readYaml(text, path).toJS());
  if (!read.success)
    throw new EngineError(`${path} is not a project this engine can read:\n${z.prettifyError(read.error)}`);
  const project = read.data;

  if (project.runtime.name !== "nodejs") throw refused(`the language "${project.runtime.name}" (runtime in ${path})`);
  const { typescript, ...more } = project.runtime.options;
  if (typescript !== false)
    throw refused("TypeScript by ts-node (set runtime.options.typescript: false in Pulumi.yaml)");
  for (const option of Object.keys(more)) throw refused(`the runtime option "${option}"`);
  if (project.packages) throw refused("packages: in Pulumi.yaml");
  if (project.config) throw refused("project-level config: in Pulumi.yaml");
  if (project.options) throw refused("options: in Pulumi.yaml");
  if (project.stackConfigDir !== stackFolder)
    throw new EngineError(
      `${path} has ${project.stackConfigDir ? `stackConfigDir: ${project.stackConfigDir}` : "no stackConfigDir"}, and stack files are looked for in ${stackFolder}/ alone; write stackConfigDir: ${stackFolder}`,
    );
  if (project.plugins?.languages?.length) throw refused("plugins.languages");
  if (project.plugins?.analyzers?.length) throw refused("policy packs (plugins.analyzers)");

  return {
    name: project.name,
    root,
    ...program(root, project.main),
    stackFolder: join(root, stackFolder),
    ...(project.backend?.url ? { backendUrl: project.backend.url } : {}),
    plugins: new Map((project.plugins?.providers ?? []).map(({ name, path }) => [name, resolve(root, path)])),
  };
}

function program(root: string, main: string | undefined): { workingDirectory: string; entry: string } {
  if (main === undefined) return { workingDirectory: root, entry: "." };
  const path = resolve(root, main);
  if (!existsSync(path)) throw new EngineError(`main in Pulumi.yaml names ${path}, which is not there`);
  if (statSync(path).isDirectory()) return { workingDirectory: path, entry: "." };
  return { workingDirectory: dirname(path), entry: basename(path) };
}
