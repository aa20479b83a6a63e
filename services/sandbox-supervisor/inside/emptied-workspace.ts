import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Fault, TurnAnswer } from "../protocol.ts";

/**
 * Takes a turn in a workspace that may have been emptied. OpenClaw, once it has seen files there, takes an empty workspace for a
 * lost disk and refuses every turn for a day; here it is a person's own folder, who may well delete all that is in it. An entry
 * of ours is what it asks for.
 */
export async function inEmptiedWorkspace(
  workspace: string,
  take: () => Promise<TurnAnswer | Fault>,
): Promise<TurnAnswer | Fault> {
  const result = await take();
  if (!("kind" in result) || !result.message.includes("WORKSPACE_VANISHED")) return result;
  mkdirSync(join(workspace, ".nemoclaw"), { recursive: true });
  return take();
}
