import { disconnectFrom } from "../host/pool.ts";
import { findEngine, runEngine } from "./engine-choice.ts";
import { isLocal, releaseDeadLocks } from "./local-backend.ts";
import { isOfOthers } from "./own-resources.ts";
import type { Standing } from "./stack-command.ts";

/**
 * Takes what the services of sandboxes are now into the stack's state, so that everybody who works with the stack sees it. With
 * the Pulumi CLI nothing else is looked at; the embedded engine looks at everything.
 *
 * @returns undefined, or what went wrong: what was done on the machines holds all the same
 */
export async function recordInState(stack: string, standings: readonly Standing[]): Promise<string | undefined> {
  await Promise.all(standings.map(({ machine }) => disconnectFrom(machine)));
  const engine = await findEngine();
  if (isLocal(stack) && engine.kind === "cli") await releaseDeadLocks(stack);
  const targets = engine.kind === "cli" ? servicesOf(standings).flatMap((urn) => ["--target", urn]) : [];
  const args = ["refresh", "--yes", "--skip-preview", "--non-interactive", "--color", "never", "--stack", stack];
  const { exitCode, stdout, stderr } = await runEngine(engine, stack, [...args, ...targets], { timeoutSeconds: 600 });
  if (exitCode === 0) return undefined;
  return `the stack's state does not know yet\n  ran   pulumi refresh --stack ${stack}   (exit ${exitCode})\n  said  ${lastLines(stderr || stdout)}\n  try   scripts/pulumi refresh -s ${stack}`;
}

/** One that is another sandbox's may stand on a machine that does not answer. */
export function servicesOf(standings: readonly Standing[]): string[] {
  const [{ state } = { state: undefined }] = standings;
  const services = (state?.resources ?? []).filter(
    (one) => "sandbox" in one.inputs && standings.some((standing) => !isOfOthers(one, standing)),
  );
  return services.map(({ urn }) => urn);
}

function lastLines(text: string): string {
  return text.trim().split("\n").slice(-5).join("\n        ");
}
