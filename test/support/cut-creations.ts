import { existsSync, readFileSync } from "node:fs";

/** What a stack's state file says was being made when a run was cut short, or is being made now: names of resources. */
export function cutCreations(stateFile: string): string[] {
  if (!existsSync(stateFile)) return [];
  const { checkpoint } = JSON.parse(readFileSync(stateFile, "utf8"));
  const operations = (checkpoint.latest?.pending_operations ?? []) as { type: string; resource: { urn: string } }[];
  const creations = operations.filter(({ type }) => type === "creating");
  return creations.map(({ resource }) => resource.urn.split("::").at(-1) ?? "");
}
