import type { Say } from "./progress.ts";
import { runProgram } from "./run-program.ts";

/** Tests own what they make on this computer's Docker under this project, or under stacks that start with the second. */
export const testProject = "nemoclaw-test";
export const testStackPrefix = "local-test";

const kinds = [
  { list: ["container", "ls", "--all"], remove: ["container", "rm", "--force", "--volumes"], name: "container" },
  { list: ["volume", "ls"], remove: ["volume", "rm", "--force"], name: "volume" },
  { list: ["network", "ls"], remove: ["network", "rm"], name: "network" },
];

/** Removes the containers, volumes and networks that tests made, by label; images stay, for the next run. */
export async function removeTestThings(say: Say): Promise<void> {
  for (const { list, remove, name } of kinds) {
    const found = await runProgram(["docker", ...list, "--quiet", "--filter", "label=nemoclaw.project"]);
    for (const id of found.stdout.split("\n").filter(Boolean)) {
      const labels = await labelsOf(name, id);
      const ours = labels["nemoclaw.project"] === testProject || labels["nemoclaw.stack"]?.startsWith(testStackPrefix);
      if (!ours) continue;
      say(`removing the ${name} ${id.slice(0, 40)} of stack ${labels["nemoclaw.stack"] ?? "(none)"}`);
      await runProgram(["docker", ...remove, id], { timeoutSeconds: 60 });
    }
  }
}

async function labelsOf(kind: string, id: string): Promise<Record<string, string>> {
  const answer = await runProgram(["docker", kind, "inspect", id]);
  const [record] = JSON.parse(answer.stdout || "[]") as { Labels?: object; Config?: { Labels?: object } }[];
  return { ...record?.Labels, ...record?.Config?.Labels } as Record<string, string>;
}
