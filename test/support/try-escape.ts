import { execFile } from "node:child_process";
import { type Attempt, ofMachine } from "./escapes.ts";

/** Tries one way out of the sandbox `main` of a container machine, and gives what it said. */
export async function tryEscape(container: string, { argv, before, after }: Attempt): Promise<string> {
  if (before) await onMachine(container, before);
  try {
    const client = ["/opt/nemoclaw/node/current/bin/node", "/opt/nemoclaw/supervisor/current/inside.mjs"];
    const words = await Promise.all(argv.map((word) => fillIn(container, word)));
    return await onMachine(container, [...client, "--sandbox", "main", "--timeout", "40", "--", ...words]);
  } finally {
    if (after) await onMachine(container, after);
  }
}

async function fillIn(container: string, word: string): Promise<string> {
  let filled = word;
  for (const [name, script] of Object.entries(ofMachine)) {
    if (!word.includes(name)) continue;
    const value = (await onMachine(container, ["sh", "-c", script])).trim();
    if (!/^[\d.]+$/.test(value)) throw new Error(`${name}: the machine has none, it says ${value}`);
    filled = filled.replaceAll(name, value);
  }
  return filled;
}

function onMachine(container: string, argv: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile("docker", ["exec", container, ...argv], (error, stdout, stderr) => {
      // 125 to 127: the command itself could not be run, so nothing was tried.
      if (error && [125, 126, 127].includes(Number(error.code)))
        reject(new Error(`${argv[0]}: ${stderr || error.message}`));
      else resolve(stdout + stderr);
    });
  });
}
