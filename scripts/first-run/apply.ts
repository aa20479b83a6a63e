import { type Engine, runEngine } from "../engine-choice.ts";
import { cutCreationsStand, hasResources, lockHolders, locksOfOthers, releaseDeadLocks } from "../local-backend.ts";
import type { Say } from "../progress.ts";

/** What an `up` did: nothing, or how many resources were created, updated and so on, in the engine's words. */
export interface Applied {
  readonly changed: boolean;
  readonly summary: string;
}

const busyForSeconds = 600;

/**
 * Makes the stack what its configuration says, without questions. What stands is looked at first, so that something removed
 * or stopped by hand comes back.
 *
 * @throws EngineFailed with the first of what the engine said, HostError `cancelled` when it was interrupted
 */
export async function applyStack(engine: Engine, stack: string, say: Say): Promise<Applied> {
  await waitForOtherRun(stack, say);
  if (engine.kind === "cli") await releaseDeadLocks(stack);
  const output = await runOrFail(engine, stack, (await hasResources(stack)) ? ["up", "--refresh"] : ["up"], say);
  // The CLI takes up creations that a killed run had begun, but keeps them noted, and a review refuses such a stack.
  if (engine.kind === "cli" && (await cutCreationsStand(stack))) {
    await runOrFail(engine, stack, ["refresh", "--clear-pending-creates"], say);
  }
  return appliedOf(output);
}

async function runOrFail(engine: Engine, stack: string, command: readonly string[], say: Say): Promise<string> {
  const lines: string[] = [];
  const args = ["--yes", "--skip-preview", "--non-interactive", "--color", "never", "--stack", stack];
  const answer = await runEngine(engine, stack, [...command, ...args], {
    onLine: (line) => {
      lines.push(line);
      tellEngineLine(line, say);
    },
  });
  if (answer.exitCode !== 0) throw await engineFailed(stack, "brought up", answer.exitCode, lines);
  return answer.stdout;
}

/** Shows what an engine did and what went wrong; what it is about to do is only passing. */
export function tellEngineLine(line: string, say: Say): void {
  if (!line.trim()) return;
  const about = /^\s*[-+~<>=]{0,2}\s*(nemoclaw|pulumi):[\w:/]+ [\w-]+(.*)$/.exec(line)?.[2];
  const done =
    about === undefined ? !line.startsWith("@ ") : /\b(created|updated|deleted|replaced|failed)\b|error:/.test(about);
  // The CLI leaves the last thing it heard behind what is done.
  say(line.includes("error:") ? line : line.replace(/((?:created|updated|deleted|replaced) \([\d.hms]+\)).*$/, "$1"), {
    passing: !done,
  });
}

/** Reads the counts under `Resources:`, which both engines print at the end. */
export function appliedOf(output: string): Applied {
  const [, counted = ""] = /^\s*Resources:([\s\S]*?)(?:^\s*Duration:|\btook\b|$(?![\s\S]))/m.exec(output) ?? [];
  const counts = [...counted.matchAll(/(\d+) ([a-z]+)/g)].filter(([, , what]) => what !== "unchanged");
  const summary = counts.map(([, count, what]) => `${count} ${what}`).join(", ");
  return { changed: counts.length > 0, summary: summary || "nothing to change" };
}

/** An engine command ended badly; what it said is already on the screen. */
export class EngineFailed extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** What to tell of an engine that could not do something with a stack. */
export async function engineFailed(
  stack: string,
  what: "brought up" | "taken down",
  exitCode: number,
  lines: readonly string[],
): Promise<EngineFailed> {
  const first = lines.find((line) => /^\s*error:/.test(line))?.trim();
  const said = first ? `: ${first.replace(/\.$/, "")}` : "; what the engine said is above";
  const locks = (await locksOfOthers(stack)).join(" ");
  // Whatever the engine advises, no run goes on before such a lock is gone.
  const next = locks
    ? `  why   a run under another host name holds it, and nothing here tells whether that is at work
  try   once it surely is not: rm ${locks}     and the same command goes on; pulumi cancel asks your own backend, not this clone's`
    : "The same command goes on from here.";
  return new EngineFailed(`Stack ${stack} could not be ${what}${said}.\n${next}`, exitCode);
}

/** A run that was killed may have left its engine at work; it is let finish. */
export async function waitForOtherRun(stack: string, say: Say): Promise<void> {
  const deadline = Date.now() + busyForSeconds * 1000;
  for (let told = 0; ; told++) {
    const [held] = await lockHolders(stack);
    if (!held) return;
    const { pid, file } = held;
    if (Date.now() > deadline) {
      throw new Error(
        [
          `process ${pid} has worked on this stack for ${busyForSeconds} s, says ${file}`,
          `  try   see what it is: ps -fp ${pid}`,
          `  try   end it where it works on this stack, with kill ${pid}; else remove the lock, with rm ${file}`,
        ].join("\n"),
      );
    }
    if (told % 8 === 0) say(`waiting for process ${pid}, which is at work on this stack`);
    await new Promise((done) => setTimeout(done, 1000));
  }
}
