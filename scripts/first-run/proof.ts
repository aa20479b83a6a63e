import { z } from "zod";
import type { Host } from "../../host/host.ts";
import { connectTo } from "../../host/pool.ts";
import type { RuntimeKind } from "../../host/runtimes/runtime.ts";
import { runtimeOf } from "../../host/runtimes/runtimes.ts";
import { hostMatches } from "../../policies/host-match.ts";
import { askThroughTelegram } from "../../services/demo/drive.ts";
import type { Say } from "../progress.ts";
import { machineOf, type StackState } from "../stack-state.ts";

const question = "Hello from the quick start. Are you there?";

// The first that the policy does not name is tried; the last is of a domain that nobody can have.
const strangers = ["example.com", "example.net", "example.org", "nemoclaw-proof.invalid"];

/**
 * Shows that the job is done: an answer that came all the way, a way out that was refused and a write that was refused, each
 * with the rule that refused it, or the absence of one.
 *
 * @throws Error when one of these did not turn out so
 */
export async function prove(state: StackState, say: Say): Promise<void> {
  const machine = machineOf(state);
  const sandbox = state.find("nemoclaw:host:Sandbox");
  if (!machine || !sandbox) throw new Error("the stack has no sandbox, so there is nothing to prove");
  await proveAnswer(state, say);
  const host = await connectTo(machine, { log: say });
  const { networkPolicies } = state.find("nemoclaw:host:NetworkPolicy")?.inputs ?? {};
  await proveEgressRefused(host, { ...sandbox.inputs, networkPolicies }, say);
  await proveWriteRefused(host, sandbox.inputs, say);
}

async function proveAnswer(state: StackState, say: Say): Promise<void> {
  const port = state.find("nemoclaw:local:Demo")?.outputs.telegramPort;
  const chats = state.find("nemoclaw:host:TelegramBridge")?.inputs.chats;
  if (typeof port !== "number" || !Array.isArray(chats)) {
    say("the stack has no demo beside it, so no message is sent through Telegram; try scripts/chat");
    return;
  }
  say(`you, in chat ${chats[0]} of the Telegram stand-in:  ${question}`);
  const { text } = await askThroughTelegram({
    url: `http://127.0.0.1:${port}`,
    chat: Number(chats[0]),
    text: question,
  });
  say(`the agent, through the DEMO model:  ${text}`);
}

function inside({ runtime, sandbox }: Record<string, unknown>, words: readonly string[]) {
  return runtimeOf(runtime as RuntimeKind).inside(String(sandbox), words);
}

/** @throws Error when a host that the policy does not name can be reached all the same */
export async function proveEgressRefused(
  host: Pick<Host, "run">,
  sandbox: Record<string, unknown>,
  say: Say,
): Promise<void> {
  const named = namedHosts(sandbox.networkPolicies);
  const stranger = strangers.find((name) => !named.some((pattern) => hostMatches(pattern, name)));
  if (stranger === undefined) {
    say(`egress not tried:  the policy names ${strangers.join(", ")}, and no other host is known to be refused`);
    return;
  }
  const url = `http://${stranger}/`;
  const request = ["curl", "--silent", "--show-error", "--max-time", "30", "--write-out", "\n%{http_code}", url];
  const answer = await host.run(inside(sandbox, request));
  const lines = answer.stdout.trimEnd().split("\n");
  const status = lines.pop();
  if (status !== "403") {
    throw new Error(
      `${url} was not refused inside the sandbox: it answered ${status ?? "nothing"}; ${answer.stderr.trim()}`,
    );
  }
  const refusal = refusalSchema.safeParse(parseJson(lines.join("\n")));
  const why = refusal.success ? ruleOf(refusal.data) : lines.join(" ").trim();
  say(`egress refused:  curl ${url} inside the sandbox got 403  (${why})`);
}

function namedHosts(networkPolicies: unknown): string[] {
  const blocks = Object.values(blocksSchema.parse(networkPolicies ?? {}));
  return blocks.flatMap(({ endpoints }) => endpoints.flatMap(({ host }) => host ?? []));
}

const blocksSchema = z.record(z.string(), z.object({ endpoints: z.array(z.object({ host: z.string().optional() })) }));

const refusalSchema = z.object({
  error: z.string().optional(),
  policy: z.string().optional(),
  rule: z.string().optional(),
  reason: z.string().optional(),
});

function ruleOf({ policy, rule, reason, error }: z.infer<typeof refusalSchema>): string {
  const place = [policy, rule].filter(Boolean).join(", ");
  return [place ? `rule ${place}` : `no rule of network_policies allows it`, reason ?? error]
    .filter(Boolean)
    .join(": ");
}

/** @throws Error unless it is the missing right to write that refuses: an agent that is not ready refuses everything */
export async function proveWriteRefused(
  host: Pick<Host, "run">,
  sandbox: Record<string, unknown>,
  say: Say,
): Promise<void> {
  const { read_only = [] } = filesystemSchema.parse(sandbox.policy).filesystem_policy ?? {};
  // A folder that can be read, so that it is not missing altogether.
  const folder = read_only.includes("/usr") ? "/usr" : read_only[0];
  if (!folder) throw new Error("the policy lists no read-only path, so no refused write can be shown");
  const file = `${folder}/nemoclaw-proof`;
  const script = 'LC_ALL=C; export LC_ALL; test -d "$1" && echo proof > "$2"';
  const { exitCode, stderr } = await host.run(inside(sandbox, ["sh", "-c", script, "sh", folder, file]));
  if (exitCode === 0) throw new Error(`${file} was written inside the sandbox, though the policy lists it read-only`);
  // A mount that is read-only says the first, Landlock and an owner the other.
  const refusals = ["Read-only file system", "Permission denied"].map((why) => `${file}: ${why}`);
  const refused = stderr.split("\n").find((line) => refusals.some((refusal) => line.trim().endsWith(refusal)));
  if (refused === undefined) {
    throw new Error(
      `whether ${file} can be written inside the sandbox could not be tried\n  said  ${stderr.trim() || "nothing"}   (exit ${exitCode})\n  try   scripts/status, and once the agent is ready the same command again`,
    );
  }
  say(`write refused:  ${file} inside the sandbox: ${refused.trim()}  (rule filesystem_policy.read_only: ${folder})`);
}

const filesystemSchema = z.object({
  filesystem_policy: z.object({ read_only: z.array(z.string()).optional() }).optional(),
});

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
