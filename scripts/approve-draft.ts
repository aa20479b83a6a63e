import { whoami } from "../host/operator-lock.ts";
import type { Draft } from "../host/runtimes/openshell/drafts.ts";
import { asCode, blockThatAllows, type Code } from "./approval-code.ts";
import { reasonsOf } from "./approval-text.ts";
import type { PolicyFile } from "./policy-file.ts";
import { ExitError } from "./stack-command.ts";

interface Approval {
  readonly stack: string;
  readonly reason?: string;
  /** Asked for only once the draft may be approved. */
  readonly file: () => PolicyFile;
  /** Told to whoever approves it, before anything is done. */
  readonly warn: (concern: string) => void;
  /** Only for who wants it allowed before a review. */
  readonly live?: Live;
}

/** How a rule is allowed before the file has it. */
export interface Live {
  /** @throws ExitError where it cannot be */
  readonly refuse: () => Promise<void>;
  readonly allow: (code: Code) => Promise<void>;
}

export interface ApprovedDraft {
  readonly file: PolicyFile;
  readonly block: string;
  /** The code allowed it before. */
  readonly already: boolean;
}

/**
 * Writes a draft's rule into the stack's own policy file.
 *
 * @throws ExitError for what may not be approved, with nothing written and nothing allowed
 */
export async function approveDraft(draft: Draft, approval: Approval): Promise<ApprovedDraft> {
  const { id, name, rule } = draft;
  const { stack, reason, warn, live } = approval;
  if (!rule) throw new ExitError(notToApprove(draft, stack), 1);
  const concerns = concernsOf(draft, live !== undefined);
  await live?.refuse();
  for (const concern of concerns) warn(concern);
  const file = approval.file();
  const known = blockThatAllows(file, rule);
  const comment = reasonsOf(draft, whoami(), new Date(), reason);
  const code = known ?? asCode(file, { id, name, rule, comment });
  // Not only when it is in force already.
  if (!known) file.makeSavable();
  await live?.allow(code);
  if (!known) file.save(code.text);
  return { file, block: code.block, already: known !== undefined };
}

/** What is to be minded of a draft. @throws ExitError where that forbids it */
function concernsOf({ name, applicationError, verdict, security }: Draft, live: boolean): string[] {
  if (applicationError) throw new ExitError(`The gateway cannot take ${name} into the policy: ${applicationError}`, 1);
  const minded = [verdict.kind === "findings" && verdict.said, security].filter((concern) => !!concern);
  const concerns = minded.map((concern) => `Mind: ${concern}`);
  if (verdict.kind !== "none") return concerns;
  const unproven = `There is no verdict on ${name}: ${verdict.said}.`;
  if (live)
    throw new ExitError(`${unproven} Without a verdict and before a review it is not allowed: leave --live out.`, 1);
  return [`${unproven} Whoever reviews the file is the only one to look at it.`, ...concerns];
}

function notToApprove({ id, name, unclear }: Draft, stack: string): string {
  return `${name} (${id}) cannot be approved here: ${unclear}
  try   write what the agent needs into the policy file yourself, or scripts/approvals reject ${id.slice(0, 8)} -s ${stack}`;
}
