import { ensureNoEmptiedFolder } from "../steps/emptied-folder.ts";
import { ensureAbsent, ensureNoGroup, ensureNoUser } from "../steps/file-removal.ts";
import { keptFolder } from "../upgrade.ts";
import { turnsGroup, users } from "./embedded/paths.ts";
import { runtimeFolder } from "./runtime-folder.ts";
import { ensureNoSandboxUser } from "./sandbox-user.ts";

/**
 * What ends with a runtime, whichever it is: our users, their group, programs, configuration and what stood in our folders. Packages of the
 * distribution stay, since others may use them, and so does a workspace that is kept.
 *
 * @param besides folders in /var/lib/nemoclaw that are this runtime's own
 */
export function noRuntime(besides: readonly string[] = []) {
  const others = Object.values(users).filter((name) => name !== users.sandbox);
  const own = [...besides, keptFolder];
  return {
    sandboxUser: ensureNoSandboxUser(),
    ...Object.fromEntries(others.map((name) => [name, ensureNoUser({ name })])),
    turnsGroup: ensureNoGroup({ name: turnsGroup }),
    programs: ensureAbsent({ path: "/opt/nemoclaw" }),
    tmpfiles: ensureAbsent(runtimeFolder),
    configuration: ensureAbsent({ path: "/etc/nemoclaw" }),
    ...Object.fromEntries(own.map((path) => [path, ensureAbsent({ path })])),
    data: ensureNoEmptiedFolder({ path: "/var/lib/nemoclaw", besides: own }),
  };
}
