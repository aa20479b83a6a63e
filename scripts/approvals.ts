import { rejectDraft } from "../host/runtimes/openshell/drafts.ts";
import { allowNow } from "./allow-now.ts";
import { blockThatAllows } from "./approval-code.ts";
import { describeDrafts } from "./approval-text.ts";
import { approveDraft } from "./approve-draft.ts";
import { stackFileName } from "./clone-paths.ts";
import { inEachSandbox, type Outcome, tellFailures } from "./each-sandbox.ts";
import { messageOf } from "./message-of.ts";
import { type PolicyFile, policyFileOf } from "./policy-file.ts";
import { ExitError, findStandings, runScript, stackCommand } from "./stack-command.ts";
import { plainText } from "./terminal-text.ts";
import { type Picked, pick, type Waiting, waitingIn } from "./waiting-drafts.ts";

interface Options {
  readonly stack: string;
  readonly live?: boolean;
  readonly reason?: string;
  readonly json?: boolean;
}

const program = stackCommand(
  "approvals",
  "What an agent was denied and asks to be allowed: rules that OpenShell has drafted, with its prover's verdict.",
)
  .argument("[action]", "list, approve or reject", "list")
  .argument("[id]", "of the draft; its beginning is enough")
  .option("--reason <text>", "approve: for the comment in the policy file; reject: for the agent to read")
  .option("--live", "approve: allow it at once as well, before anybody has reviewed it")
  .option("--json", "print it as JSON")
  .addHelpText(
    "after",
    `
approve writes the rule into the stack's policy file (policy.file), with who, when and why above it. Nothing is allowed by
that: review the file, commit it and run scripts/pulumi up. With --live the agent may do it at once, as the file has it; not in
an environment that scripts/stop took down. Of a stack with several sandboxes one that does not answer hides no other's drafts: it is
told, and the JSON has it in "unread".
What was approved elsewhere, by OpenShell's own CLI or its terminal, is drift: scripts/drift --adopt takes it into the code.

Exit codes: 0 listed or done, 1 error, 64 usage, 130 cancelled.`,
  );

await runScript(async () => {
  program.parse();
  const options = program.opts<Options>();
  const [action = "list", id] = program.processedArgs as [string?, string?];
  checkUsage(action, id, options);
  const { stack, json } = options;
  const drafting = (await findStandings(stack)).filter(({ runtime }) => runtime.operations.approvals);
  if (drafting.length === 0) {
    const note = `The runtime of ${stack} drafts no rules, so nothing waits for approval. What it denied: scripts/logs denials -s ${stack}`;
    if (action !== "list") throw new ExitError(note, 1);
    console.log(json ? JSON.stringify({ stack, drafts: [], note }, null, 2) : note);
    return 0;
  }
  const outcomes = await inEachSandbox(stack, drafting, waitingIn);
  const waiting = outcomes.flatMap((one) => ("did" in one ? [one.did] : []));
  const unread = tellFailures(outcomes);
  if (action === "list" || id === undefined) return list(options, waiting, outcomes);
  const picked = pick(waiting, id, stack, unread);
  if (action === "approve") return approve(picked, options);
  const { host, sandbox, draft } = picked;
  await host.apply(`reject a rule of ${sandbox}`, [rejectDraft(sandbox, draft, options.reason)]);
  if (json) console.log(JSON.stringify({ stack, sandbox, rejected: draft.id, rule: draft.name }));
  else console.log(plainText(`Rejected: ${draft.name} (${draft.id})`));
  return 0;
});

function checkUsage(action: string, id: string | undefined, { live, reason }: Options): void {
  if (!["list", "approve", "reject"].includes(action))
    throw new ExitError(`scripts/approvals knows list, approve and reject; not ${action}`, 64);
  if (action === "list" && id !== undefined) throw new ExitError("list takes no id", 64);
  if (action !== "list" && !id)
    throw new ExitError(`${action} takes the id of a draft: scripts/approvals lists them`, 64);
  if (live && action !== "approve") throw new ExitError("--live goes with approve", 64);
  if (reason !== undefined && action === "list") throw new ExitError("--reason goes with approve and reject", 64);
}

/** Of what did not answer the JSON has the words, and everybody the exit code: that nothing waits there nobody has said. */
function list({ stack, json }: Options, waiting: readonly Waiting[], outcomes: readonly Outcome<Waiting>[]): number {
  const file = waiting.some(({ drafts }) => drafts.length > 0) ? ownPolicyFile(stack) : undefined;
  const listed = waiting.map(({ sandbox, drafts }) => ({
    sandbox,
    drafts: drafts.map((draft) => ({
      ...draft,
      inCode: file && draft.rule ? blockThatAllows(file, draft.rule)?.block : undefined,
    })),
  }));
  const flat = listed.flatMap(({ sandbox, drafts }) => drafts.map((draft) => ({ sandbox, ...draft })));
  const unread = outcomes.flatMap((one) =>
    "failed" in one ? [{ sandbox: one.sandbox, error: messageOf(one.failed) }] : [],
  );
  if (json) console.log(JSON.stringify({ stack, drafts: flat, ...(unread.length > 0 && { unread }) }, null, 2));
  else {
    const texts = listed.map(({ sandbox, drafts }) => describeDrafts(stack, sandbox, drafts));
    process.stdout.write(plainText(texts.join("\n")));
  }
  return unread.length > 0 ? 1 : 0;
}

// A clone without the stack's configuration can still list.
function ownPolicyFile(stack: string): PolicyFile | undefined {
  try {
    return policyFileOf(stack);
  } catch {
    return undefined;
  }
}

async function approve(picked: Picked, { stack, live, reason, json }: Options) {
  const { sandbox, draft } = picked;
  const { file, block, already } = await approveDraft(draft, {
    stack,
    reason,
    file: () => policyFileOf(stack),
    warn: (concern) => console.error(plainText(concern)),
    ...(live && { live: allowNow(picked, stack) }),
  });
  const configured = file.isNew && !already;
  if (json) {
    const written = { file: file.named, block, already, configured };
    const approved = { stack, sandbox, approved: draft.id, rule: draft.name };
    console.log(JSON.stringify({ ...approved, ...written, live: live === true }, null, 2));
    return 0;
  }
  console.log(already ? `In the code already: block ${block}` : `Written: ${file.path}, block ${block}`);
  if (configured) console.log(`Written: ${stackFileName(stack)}, policy.file: ${file.named}`);
  console.log(`To ${live ? "keep" : "have"} it allowed: review this, commit it, and run scripts/pulumi up -s ${stack}`);
  return 0;
}
