import { HostError } from "../errors.ts";
import type { Owner } from "../machine.ts";
import type { Question } from "../question.ts";
import type { Step } from "../step.ts";
import { writeFile } from "./managed-file.ts";

export const ownerPath = "/etc/nemoclaw/owner.json";

/** Who says to own a machine; `undefined` when nobody does, the text itself when it is not ours to read. */
export interface OwnerFacts {
  readonly owner: Owner | string | undefined;
}

const readOwner: Question<OwnerFacts["owner"]> = {
  script: `cat ${ownerPath}`,
  parse: ({ stdout, exitCode }) => {
    if (exitCode !== 0) return undefined;
    try {
      const { project, stack, installation } = JSON.parse(stdout) as Owner;
      return { project, stack, installation };
    } catch {
      return stdout;
    }
  },
};

/**
 * Says on the machine whose it is. Two stacks that both think a machine is theirs would undo each other's work for ever.
 *
 * @throws HostError of kind `foreign` from its plan, when the machine is somebody else's
 */
export function ensureOwner(owner: Owner): Step<OwnerFacts> {
  const text = (who: Owner | string) =>
    typeof who === "string" ? who : `${who.project}/${who.stack} (${who.installation})`;
  return {
    name: "owner of the machine",
    facts: { owner: readOwner },
    plan({ owner: found }) {
      if (found === undefined) {
        return [writeFile({ path: ownerPath, content: `${JSON.stringify(owner, null, 2)}\n` })];
      }
      if (text(found) === text(owner)) return [];
      throw new HostError("foreign", {
        summary: `this machine belongs to ${text(found)}, and this is ${text(owner)}`,
        try: `destroy the other stack first; if it no longer exists, remove ${ownerPath} on the machine`,
      });
    },
  };
}
