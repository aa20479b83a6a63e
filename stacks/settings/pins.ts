import { dirname } from "node:path";
import { z } from "zod";
import type { Fault } from "../../policies/fault.ts";
import { parse } from "../../policies/parse.ts";
import { propertyPath } from "../../policies/property-path.ts";

const files = z.record(z.string(), z.object({ sha256: z.string().nullable() }));

// What settings are checked against; the plugin checks the whole of it.
const lockFile = z.object({
  artifacts: z.record(z.string(), z.object({ version: z.string(), files })),
  images: z.record(z.string(), z.object({ digest: z.string().nullable(), archives: files.optional() })),
  npm: z.object({ agent: z.object({ lockfile: z.string() }) }),
});
const manifest = z.object({ dependencies: z.object({ openclaw: z.string() }) });

/** What the lock file pins, as far as the settings of a stack are checked against it. */
export interface Pins extends Pick<z.output<typeof lockFile>, "artifacts" | "images"> {
  /** The agent's version, the only one that can be installed. */
  readonly agent: string;
}

const committed = "nemoclaw.lock.json";

/** Reads the lock file, or tells all that is wrong with it. @param path of another one than the committed */
export function readPins(
  readFile: (path: string) => string,
  path = committed,
): { pins: Pins; faults?: undefined } | { pins?: undefined; faults: Fault[] } {
  const lock = readAs(lockFile, readFile, path);
  if (lock.faults) return { faults: lock.faults.map((fault) => ({ ...fault, file: path, instead: wholeOne(path) })) };
  const { artifacts, images, npm } = lock.value;
  const { lockfile } = npm.agent;
  const agent = readAs(manifest, readFile, `${dirname(lockfile)}/package.json`);
  if (!agent.faults) return { pins: { artifacts, images, agent: agent.value.dependencies.openclaw } };
  const faults = agent.faults.map(({ path: property, message }) => ({
    file: path,
    path: "npm.agent.lockfile",
    message: `the package.json beside ${lockfile}: ${[property, message].filter(Boolean).join(": ")}`,
    instead: "the path of an agent's package-lock.json, from the project's folder",
  }));
  return { faults };
}

function wholeOne(path: string): string {
  return path === committed
    ? `a whole one; the last that was committed comes with: git checkout HEAD -- ${committed}`
    : `a whole one, or none: NEMOCLAW_LOCK_FILE names this, and without it ${committed} is read`;
}

function readAs<S extends z.ZodType>(
  schema: S,
  readFile: (path: string) => string,
  path: string,
): { value: z.output<S>; faults?: undefined } | { faults: { path: string; message: string }[] } {
  let content: unknown;
  try {
    content = JSON.parse(readFile(path));
  } catch (error) {
    return { faults: [{ path: "", message: `it cannot be read: ${reasonOf(error)}` }] };
  }
  const result = parse(schema, content);
  if (!result.faults) return result;
  return { faults: result.faults.map(({ keys, message }) => ({ path: propertyPath(keys), message })) };
}

function reasonOf(error: unknown): string {
  // The parser quotes the place, which may go over several lines.
  if (error instanceof SyntaxError) return `it is not JSON: ${error.message.replaceAll(/\s+/g, " ")}`;
  const { code, message } = error as NodeJS.ErrnoException;
  return code === "ENOENT" ? "there is no such file" : (code ?? message);
}
