import type { Say } from "../progress.ts";
import { runProgram } from "../run-program.ts";

/**
 * Removes images by the names under which they were brought here, the last first, because it may stand on the one before. Nothing is
 * forced: one that somebody else uses by now stays, and this says so.
 *
 * @returns those that stay, or may be here yet for all that is known
 */
export async function removeImages(references: readonly string[], say: Say): Promise<string[]> {
  const stayed: string[] = [];
  for (const reference of references.toReversed()) {
    const { exitCode, stderr } = await remove(reference);
    if (exitCode === 0 || /no such image/i.test(stderr)) continue;
    say(`${reference} stays: ${exitCode === 127 ? "there is no docker command here any more" : stderr.trim()}`);
    stayed.unshift(reference);
  }
  for (const id of await unfinishedBuilds()) await remove(id);
  return stayed;
}

function remove(image: string) {
  return runProgram(["docker", "image", "rm", image], { timeoutSeconds: 120 });
}

/** What a build of the machine image that was killed has left: no name has been given to it, and nothing stands on it. */
async function unfinishedBuilds(): Promise<string[]> {
  const unnamed = ["docker", "image", "ls", "--quiet", "--no-trunc", "--filter", "dangling=true"];
  const { stdout } = await runProgram(unnamed, { timeoutSeconds: 60 });
  const ids = [...new Set(stdout.split("\n").filter(Boolean))];
  const ours = await Promise.all(
    ids.map(async (id) => {
      const steps = ["docker", "image", "history", "--no-trunc", "--format", "{{.CreatedBy}}", id];
      return (await runProgram(steps, { timeoutSeconds: 60 })).stdout.includes("/etc/nemoclaw-machine/packages");
    }),
  );
  return ids.filter((_, index) => ours[index]);
}
