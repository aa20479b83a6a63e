import type { Machine } from "../host/machine.ts";
import { disconnectFrom } from "../host/pool.ts";
import { findEngine, runEngine } from "./engine-choice.ts";
import { isLocal, releaseDeadLocks } from "./local-backend.ts";
import type { Standing } from "./stack-command.ts";

/**
 * Takes what a sandbox's services are now into the stack's state, so that everybody who works with the stack sees it. With
 * the Pulumi CLI nothing else is looked at; the embedded engine looks at everything.
 *
 * @returns undefined, or what went wrong: what was done on the machine holds all the same
 */
export async function recordInState(
  stack: string,
  { state, machine }: Pick<Standing, "state"> & { readonly machine: Machine },
): Promise<string | undefined> {
  await disconnectFrom(machine);
  const engine = await findEngine();
  if (isLocal(stack) && engine.kind === "cli") await releaseDeadLocks(stack);
  const services = state.resources.filter(({ inputs }) => "sandbox" in inputs).map(({ urn }) => ["--target", urn]);
  const targets = engine.kind === "cli" ? services.flat() : [];
  const args = ["refresh", "--yes", "--skip-preview", "--non-interactive", "--color", "never", "--stack", stack];
  const { exitCode, stdout, stderr } = await runEngine(engine, stack, [...args, ...targets], { timeoutSeconds: 600 });
  if (exitCode === 0) return undefined;
  return `the stack's state does not know yet\n  ran   pulumi refresh --stack ${stack}   (exit ${exitCode})\n  said  ${lastLines(stderr || stdout)}\n  try   scripts/pulumi refresh -s ${stack}`;
}

function lastLines(text: string): string {
  return text.trim().split("\n").slice(-5).join("\n        ");
}
