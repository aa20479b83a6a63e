import { createHash } from "node:crypto";
import { cloneFolder } from "./clone-paths.ts";
import type { Say } from "./progress.ts";
import { runProgram } from "./run-program.ts";

// Two clones on one computer may run their tests at the same time.
const clone = createHash("sha256").update(cloneFolder).digest("hex").slice(0, 6);

/** What the tests of this clone make on this computer's Docker belongs to stacks that have this in their name. */
export const testStackPrefix = `local-test-${clone}`;

const kinds = [
  { list: ["container", "ls", "--all"], remove: ["container", "rm", "--force", "--volumes"], name: "container" },
  { list: ["volume", "ls"], remove: ["volume", "rm", "--force"], name: "volume" },
  { list: ["network", "ls"], remove: ["network", "rm"], name: "network" },
];

/** Removes the containers, volumes and networks that tests made, by label; images stay, for the next run. */
export async function removeTestThings(say: Say): Promise<void> {
  for (const { list, remove, name } of kinds) {
    const found = await runProgram(["docker", ...list, "--quiet", "--filter", "label=nemoclaw.stack"]);
    for (const id of found.stdout.split("\n").filter(Boolean)) {
      const labels = await labelsOf(name, id);
      if (!labels["nemoclaw.stack"]?.includes(testStackPrefix)) continue;
      say(`removing the ${name} ${id.slice(0, 40)} of stack ${labels["nemoclaw.stack"]}`);
      await runProgram(["docker", ...remove, id], { timeoutSeconds: 60 });
    }
  }
}

async function labelsOf(kind: string, id: string): Promise<Record<string, string>> {
  const answer = await runProgram(["docker", kind, "inspect", id]);
  const [record] = JSON.parse(answer.stdout || "[]") as { Labels?: object; Config?: { Labels?: object } }[];
  return { ...record?.Labels, ...record?.Config?.Labels } as Record<string, string>;
}
