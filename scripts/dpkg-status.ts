import { runProgram } from "./run-program.ts";

/**
 * What dpkg says of packages by name, `installed` or how far it came: `unpacked`, `half-configured`. Those that it has nothing of are
 * left out.
 *
 * @returns undefined where there is no dpkg to ask
 */
export async function dpkgStatus(names: readonly string[]): Promise<ReadonlyMap<string, string> | undefined> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own way to name a field
  const query = ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\\n"];
  // Exit code 1: it does not know one of them, and tells of the others.
  const { exitCode, stdout } = await runProgram([...query, ...names]);
  if (exitCode > 1) return undefined;
  const lines = stdout.split("\n").map((line) => line.split(" ") as [string, string?]);
  return new Map(
    lines.flatMap(([name, status]) => (status === undefined || removed.has(status) ? [] : [[name, status]])),
  );
}

const removed: ReadonlySet<string> = new Set(["not-installed", "config-files"]);

/** Those of these packages whose installation was begun and has not come to its end, as when it was killed. */
export async function cutShort(names: readonly string[]): Promise<string[]> {
  const status = await dpkgStatus(names);
  return names.filter((name) => status?.has(name) && status.get(name) !== "installed");
}
