import type { StaticPolicy } from "../runtime.ts";

/** What an image has of its own, and what OpenShell and we put into a sandbox: the machine's folder of that name is another. */
const own =
  /^\/(agent|bin|boot|dev|etc|home|lib(32|64|x32|exec)?|opt\/(nemoclaw|openshell)|proc|root|run|sandbox|sbin|sys|tmp|usr|var\/tmp)(\/|$)/;

/**
 * Folders that a policy lets the agent write besides its workspace: the machine's own, so that what is written there
 * outlives the sandbox, as under the embedded runtime.
 */
export function writableFolders(policy: StaticPolicy): string[] {
  const listed = policy.filesystem_policy?.read_write ?? [];
  return listed.filter((path) => !own.test(path) && path !== "/var");
}
