import type { Step } from "../step.ts";
import { ensureNoUser } from "../steps/file-removal.ts";
import { type UserFacts, userFacts } from "../steps/system-user.ts";
import { paths, users } from "./embedded/paths.ts";

export interface SandboxUserFacts {
  readonly user: UserFacts;
  /** Folders of agents' files that are still there. */
  readonly workspaces: readonly string[];
}

/**
 * The sandboxes' user goes with their runtime, unless a workspace outlives it: its files would belong to a mere number, and
 * then to whoever gets that number next.
 */
export function ensureNoSandboxUser(): Step<SandboxUserFacts> {
  const removal = ensureNoUser({ name: users.sandbox });
  return {
    name: removal.name,
    facts: {
      user: userFacts(users.sandbox),
      workspaces: {
        script: `ls -d ${paths.data("*", "workspace")}`,
        parse: ({ stdout }) => stdout.split("\n").filter((line) => line !== ""),
      },
    },
    plan: ({ user, workspaces }) => (workspaces.length > 0 ? [] : removal.plan(user)),
  };
}
