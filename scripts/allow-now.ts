import { openshellQuestion } from "../host/runtimes/openshell/cli.ts";
import { rejectDraft } from "../host/runtimes/openshell/drafts.ts";
import { parsePolicy } from "../host/runtimes/openshell/loaded-policy.ts";
import { inOurWords, network } from "../host/runtimes/openshell/network.ts";
import { ensure } from "../host/step.ts";
import { describeStopped, stoppedFacts } from "../host/stopped.ts";
import type { Code } from "./approval-code.ts";
import { firstOf } from "./approval-text.ts";
import type { Live } from "./approve-draft.ts";
import { ExitError } from "./stack-command.ts";
import type { Picked } from "./waiting-drafts.ts";

/** Allows a draft at once, before anybody has reviewed it in the code. */
export function allowNow({ host, sandbox, accept, draft }: Picked, stack: string): Live {
  return {
    // The gateway would keep it, and the next start bring it into force, whatever the code has by then.
    async refuse() {
      const stopped = await host.look(stoppedFacts(sandbox));
      if (!stopped) return;
      const why = `Sandbox ${sandbox} of ${stack} is ${describeStopped(stopped)}. Nothing can be allowed in it now, and nothing was written.`;
      throw new ExitError(`${why}\n  try   scripts/start -s ${stack} and then this again, or this without --live`, 1);
    },
    // Puts the block of the code in force, beside what is. The gateway's own approval is not used: it takes all of a draft, also
    // what its text does not tell, such as `enforcement: audit`, which lets everything pass.
    async allow({ block, policy }: Code) {
      console.error(`--live: ${firstOf(draft)} becomes possible now, before anybody has reviewed it in the code.`);
      const now = await host.look(openshellQuestion(["policy", "get", sandbox, "--base", "-o", "json"], parsePolicy));
      const others = now.kind === "there" ? inOurWords({}, now.policy.network_policies) : {};
      await ensure(
        host,
        await network.step({
          sandbox,
          owner: host.machine.owner,
          networkPolicies: { ...others, [block]: policy },
          accept,
          approval: "manual",
          inForce: true,
        }),
      );
      await host.apply(`settle a rule of ${sandbox}`, [
        rejectDraft(sandbox, draft, `the policy allows it now, as ${block}`),
      ]);
    },
  };
}
