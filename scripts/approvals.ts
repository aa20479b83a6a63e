import { HostError } from "../host/errors.ts";
import type { Host } from "../host/host.ts";
import { whoami } from "../host/operator-lock.ts";
import { openshellQuestion, shown } from "../host/runtimes/openshell/cli.ts";
import { approveDraft, type Draft, pendingDrafts, rejectDraft } from "../host/runtimes/openshell/drafts.ts";
import { inOurWords, parsePolicy } from "../host/runtimes/openshell/network.ts";
import type { NetworkPolicy } from "../policies/policy.ts";
import { asCode, blockThatAllows } from "./approval-code.ts";
import { describeDrafts, firstOf, reasonsOf } from "./approval-text.ts";
import { runtimeOfSandbox } from "./environment-units.ts";
import { type PolicyFile, policyFileOf } from "./policy-file.ts";
import { connect, ExitError, findStanding, runScript, stackCommand } from "./stack-command.ts";

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
that: review the file, commit it and run scripts/pulumi up. With --live the agent may do it at once.
What was approved elsewhere, by OpenShell's own CLI or its terminal, is drift: scripts/drift --adopt takes it into the code.

Exit codes: 0 listed or done, 1 error, 64 usage, 130 cancelled.`,
  );

await runScript(async () => {
  program.parse();
  const options = program.opts<Options>();
  const [action = "list", id] = program.processedArgs as [string?, string?];
  checkUsage(action, id, options);
  const { stack, json } = options;
  const standing = await findStanding(stack);
  const { sandbox } = standing;
  const runtime = runtimeOfSandbox(standing);
  if (!runtime.operations.approvals) {
    const note = `The ${runtime.kind} runtime drafts no rules, so nothing of ${stack} waits for approval. What it denied: scripts/logs denials -s ${stack}`;
    if (action !== "list") throw new ExitError(note, 1);
    console.log(json ? JSON.stringify({ stack, sandbox, drafts: [], note }, null, 2) : note);
    return 0;
  }
  const host = await connect(standing);
  const drafts = await draftsOf(host, sandbox);
  if (action === "list" || id === undefined) return list(stack, sandbox, drafts, json);
  const draft = pick(drafts, id, stack);
  if (action === "approve") return approve(host, sandbox, draft, options);
  await host.apply(`reject a rule of ${sandbox}`, [rejectDraft(sandbox, draft, options.reason)]);
  if (json) console.log(JSON.stringify({ stack, rejected: draft.id, rule: draft.name }));
  else console.log(`Rejected: ${draft.name} (${draft.id})`);
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

/** @throws HostError when the gateway does not answer, or has no such sandbox */
async function draftsOf(host: Host, sandbox: string): Promise<readonly Draft[]> {
  const found = await host.look(pendingDrafts(sandbox));
  if (found.kind === "there") return found.drafts;
  const gone = found.kind === "absent";
  throw new HostError("not-converged", {
    summary: gone
      ? `OpenShell has no sandbox ${sandbox} on ${host.machine.address}`
      : `OpenShell's gateway on ${host.machine.address} does not tell which rules wait for approval`,
    ran: shown("rule", "get", sandbox, "--status", "pending"),
    said: gone ? undefined : found.said,
    try: "scripts/status shows what runs; up --refresh starts the gateway again",
  });
}

function pick(drafts: readonly Draft[], id: string, stack: string): Draft {
  const [draft, ...more] = drafts.filter((one) => one.id.startsWith(id.toLowerCase()));
  if (draft && more.length === 0) return draft;
  const which = draft ? `${more.length + 1} drafts begin` : "No draft that waits begins";
  throw new ExitError(`${which} with ${id}.\n  try   scripts/approvals -s ${stack}`, 1);
}

function list(stack: string, sandbox: string, drafts: readonly Draft[], json?: boolean): number {
  const file = drafts.length > 0 ? ownPolicyFile(stack) : undefined;
  const all = drafts.map((draft) => ({
    ...draft,
    inCode: file && draft.rule ? blockThatAllows(file, draft.rule) : undefined,
  }));
  if (json) console.log(JSON.stringify({ stack, sandbox, drafts: all }, null, 2));
  else process.stdout.write(describeDrafts(stack, sandbox, all));
  return 0;
}

// A clone without the stack's configuration can still list.
function ownPolicyFile(stack: string): PolicyFile | undefined {
  try {
    return policyFileOf(stack);
  } catch {
    return undefined;
  }
}

async function approve(host: Host, sandbox: string, draft: Draft, { stack, live, reason, json }: Options) {
  const { id, name, rule } = draft;
  if (!rule) throw new ExitError(notToApprove(draft), 1);
  if (draft.applicationError)
    throw new ExitError(`The gateway cannot take ${name} into the policy: ${draft.applicationError}`, 1);
  if (draft.verdict.kind === "none") {
    const unproven = `There is no verdict on ${name}: ${draft.verdict.said}.`;
    if (live)
      throw new ExitError(`${unproven} Without a verdict and before a review it is not allowed: leave --live out.`, 1);
    console.error(`${unproven} Whoever reviews the file is the only one to look at it.`);
  }
  for (const concern of [draft.verdict.kind === "findings" && draft.verdict.said, draft.security])
    if (concern) console.error(`Mind: ${concern}`);
  const file = policyFileOf(stack);
  const known = blockThatAllows(file, rule);
  const comment = reasonsOf(draft, whoami(), new Date(), reason);
  const code = known ? { text: file.text, block: known } : asCode(file, { id, name, rule, comment });
  if (live) {
    console.error(`--live: ${firstOf(draft)} becomes possible now, before anybody has reviewed it in the code.`);
    await host.apply(`approve a rule of ${sandbox}`, [approveDraft(sandbox, draft)]);
  }
  if (!known) file.save(code.text);
  const same = live ? await isWordForWord(host, sandbox, code.block, rule) : undefined;
  if (json) {
    const { named, isNew } = file;
    const written = { file: named, block: code.block, already: known !== undefined, configured: isNew && !known };
    console.log(JSON.stringify({ stack, approved: id, rule: name, ...written, live: live === true, same }, null, 2));
    return 0;
  }
  console.log(known ? `In the code already: block ${known}` : `Written: ${file.path}, block ${code.block}`);
  if (file.isNew && !known) console.log(`Written: stacks/Pulumi.${stack}.yaml, policy.file: ${file.named}`);
  if (same === false)
    console.log(`The rule in force is not word for word that of the code; what differs: scripts/drift -s ${stack}`);
  console.log(
    `${live ? "To keep it allowed" : "To allow it"}: review this, commit it, and run scripts/pulumi up -s ${stack}`,
  );
  return 0;
}

function notToApprove({ id, name, unclear }: Draft): string {
  return `${name} (${id}) cannot be approved here: ${unclear}
  try   reject it; or look at the whole of it on the machine (openshell term), approve it there, and scripts/drift --adopt`;
}

/** Whether the gateway has the same block as the code; it may have joined the rule with another. */
async function isWordForWord(host: Host, sandbox: string, block: string, rule: NetworkPolicy): Promise<boolean> {
  const question = openshellQuestion(["policy", "get", sandbox, "--base", "-o", "json"], parsePolicy);
  const now = await host.look(question);
  if (now.kind !== "there") return false;
  return inOurWords({ [block]: rule }, now.policy.network_policies)[block] === rule;
}
