import { type NetworkPolicy, networkPolicySchema } from "../../../policies/policy.ts";
import type { Command } from "../../command.ts";
import type { Question } from "../../question.ts";
import type { Approvals } from "../operations.ts";
import { openshellCommand, openshellQuestion, type Said } from "./cli.ts";
import { readEndpoints } from "./drafts-endpoints.ts";

/** A rule that would let the agent do what it was denied, as OpenShell worked it out or the agent asked for it. */
export interface Draft {
  readonly id: string;
  /** What OpenShell calls the rule, and its block in a policy. */
  readonly name: string;
  readonly binary?: string;
  /** As OpenShell prints them: `example.com:443 [L4]`. */
  readonly endpoints: string;
  /** The agent may have written this. */
  readonly rationale: string;
  /** In per cent. */
  readonly confidence?: number;
  readonly security?: string;
  readonly verdict: Verdict;
  /** Why the gateway cannot take it into the policy as that is now. */
  readonly applicationError?: string;
  /** How often it was denied or asked for, where that was more than once. */
  readonly hits?: number;
  /** The whole rule; absent when the text does not tell it for sure, with `unclear` as the reason. */
  readonly rule?: NetworkPolicy;
  readonly unclear?: string;
}

/** What OpenShell's prover found when it compared the policy with and without a rule. */
export interface Verdict {
  /** `none` also where the prover did not run or failed. */
  readonly kind: "clean" | "findings" | "none";
  readonly said: string;
}

export type DraftFacts =
  | { readonly kind: "absent" }
  | { readonly kind: "unreachable"; readonly said: string }
  | { readonly kind: "there"; readonly drafts: readonly Draft[] };

/** The drafts of a sandbox that wait for a person. */
export function pendingDrafts(sandbox: string): Question<DraftFacts> {
  return openshellQuestion(["rule", "get", sandbox, "--status", "pending"], parseDrafts);
}

/** The same in one line each, or why nobody knows. */
export function approvals(sandbox: string): Question<Approvals> {
  const { script, parse } = pendingDrafts(sandbox);
  return {
    script,
    parse(answer) {
      const found = parse(answer);
      if (found.kind === "there") return found.drafts.map((draft) => ({ id: draft.id, asks: asksOf(draft) }));
      if (found.kind === "absent") return { unreadable: `OpenShell has no sandbox ${sandbox}` };
      return { unreadable: `OpenShell's gateway does not tell: ${found.said || "it does not answer"}` };
    },
  };
}

/** What a draft asks for, in one line. */
export function asksOf({ binary, rule, endpoints, verdict }: Draft): string {
  const who = binary ?? rule?.binaries.map(({ path }) => path).join(", ") ?? "a program";
  return `${who} to ${endpoints} (${verdict.said.split("\n")[0]})`;
}

/** Refuses a draft; the agent can read the reason. */
export function rejectDraft(sandbox: string, { id, name }: Draft, reason = ""): Command {
  const words = ["rule", "reject", sandbox, "--chunk-id", id, ...(reason ? ["--reason", reason] : [])];
  return openshellCommand(`reject the rule ${name} at the gateway`, words, { timeoutSeconds: 60 });
}

// In the order in which OpenShell prints them.
const labels = [
  ...["Chunk", "Status", "Rule", "Binary", "Confidence", "Rationale", "Security", "Prover", "Application"],
  ...["Candidate", "Endpoints", "Binaries", "Hits"],
] as const;
type Label = (typeof labels)[number];
const label = new RegExp(`^ {2}(${labels.join("|")}):(?: |$)`);

/** Reads the answer to `openshell rule get NAME --status pending`, which has no other form than text. */
export function parseDrafts({ stdout, exitCode, unreachable }: Said): DraftFacts {
  if (exitCode !== 0 && /sandbox not found/.test(stdout)) return { kind: "absent" };
  if (exitCode !== 0 || unreachable) return { kind: "unreachable", said: stdout.trim().slice(0, 1000) };
  if (/^No network rules for sandbox/.test(stdout.trim())) return { kind: "there", drafts: [] };
  const [, count] = /^Network Rules: .*?(\d+) chunks?\)/.exec(stdout.trimStart()) ?? [];
  if (count === undefined) return { kind: "unreachable", said: `not a list of rules: ${stdout.trim().slice(0, 500)}` };
  const chunks: string[][] = [];
  for (const line of stdout.split("\n")) {
    if (label.exec(line)?.[1] === "Chunk") chunks.push([line]);
    else chunks.at(-1)?.push(line);
  }
  const forged = chunks.length === Number(count) ? undefined : imitation;
  const drafts = chunks.map((lines) => draftOf(lines, forged));
  return { kind: "there", drafts: drafts.filter(({ rule }) => !rule?.endpoints.every(({ host }) => host === probed)) };
}

// Our own probe asks for it, to see that it is refused; see probe.ts.
const probed = "unlisted.nemoclaw.invalid";

// OpenShell prints what the agent wrote as it is, line breaks included.
const imitation = "its text imitates OpenShell's own lines, so that it is not known what would be allowed";

function draftOf(lines: readonly string[], forged: string | undefined): Draft {
  const fields: [Label, string][] = [];
  for (const line of lines) {
    const found = label.exec(line);
    const last = fields.at(-1);
    if (found) fields.push([found[1] as Label, line.slice(found[0].length)]);
    else if (last) last[1] += `\n${line}`;
  }
  const order = fields.map(([name]) => labels.indexOf(name));
  const unbelieved = order.some((place, i) => i > 0 && place <= (order[i - 1] ?? 0)) ? imitation : forged;
  const field = (name: Label) => {
    const value = fields.find(([found]) => found === name)?.[1];
    return value === undefined ? undefined : plain(value);
  };
  const number = (name: Label) => {
    const value = Number.parseInt(field(name) ?? "", 10);
    return Number.isNaN(value) ? undefined : value;
  };
  const endpoints = field("Endpoints") ?? "";
  const name = oneLine(field("Rule") ?? "");
  return {
    id: field("Chunk") ?? "",
    name,
    binary: (!unbelieved && oneLine(field("Binary") ?? "")) || undefined,
    endpoints: unbelieved ? "an unknown destination" : oneLine(endpoints),
    rationale: oneLine(field("Rationale") ?? ""),
    confidence: number("Confidence"),
    security: oneLine(field("Security") ?? "") || undefined,
    verdict: unbelieved ? { kind: "none", said: unbelieved } : verdictOf(field("Prover")),
    applicationError: oneLine(field("Application") ?? "") || undefined,
    hits: number("Hits"),
    ...(unbelieved ? { unclear: unbelieved } : ruleOf(name, endpoints, field("Binaries"))),
  };
}

function ruleOf(name: string, endpoints: string, binaries: string | undefined): Partial<Draft> {
  // The agent chooses it; __proto__ and the like would be no block at all.
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name) || name in {}) return { unclear: "its name is none for a block" };
  if (!binaries) return { unclear: "it names no program, and a rule of ours must" };
  const read = readEndpoints(endpoints);
  if ("unclear" in read) return read;
  const result = networkPolicySchema.safeParse({ endpoints: read.endpoints, binaries: binaries.split(", ") });
  if (result.success) return { rule: result.data };
  return { unclear: `it is no rule that a policy file may have: ${result.error.issues[0]?.message}` };
}

function verdictOf(said: string | undefined): Verdict {
  if (said === undefined) return { kind: "none", said: "the prover has not looked at it" };
  if (said === "prover: no new findings") return { kind: "clean", said };
  if (/^prover: \d+ new finding/.test(said)) return { kind: "findings", said };
  if (said === "validation unavailable") return { kind: "none", said: "the prover was unavailable" };
  return { kind: "none", said };
}

/** Nothing that a terminal would obey. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters meant
  return text.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, "").trim();
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}
