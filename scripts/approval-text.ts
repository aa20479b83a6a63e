import type { Draft } from "../host/runtimes/openshell/drafts.ts";

/** A draft, and the block of the code that would allow it already. */
export type ListedDraft = Draft & { readonly inCode?: string };

/** What waits for a person, for a terminal. */
export function describeDrafts(stack: string, sandbox: string, drafts: readonly ListedDraft[]): string {
  if (drafts.length === 0) return `Nothing waits for approval in sandbox ${sandbox} of ${stack}.\n`;
  const count = drafts.length === 1 ? "1 rule waits" : `${drafts.length} rules wait`;
  const hint = `Into the policy file: scripts/approvals approve ${drafts[0]?.id.slice(0, 8)} -s ${stack} --reason "…"`;
  return `${count} for approval in sandbox ${sandbox} of ${stack}\n\n${drafts.map(describe).join("\n")}\n${hint}\n`;
}

function describe(draft: ListedDraft): string {
  const { id, name, rationale, confidence, hits, verdict, security, applicationError, unclear, inCode } = draft;
  const counted = [hits && `${hits} times`, confidence !== undefined && `${confidence} % sure`]
    .filter(Boolean)
    .join(", ");
  const rows: [string, string | undefined][] = [
    ["opens", firstOf(draft)],
    ["because", `${rationale || "no reason given"}${counted && `   (${counted})`}`],
    ["prover", verdict.said.replace(/^prover: /, "").replaceAll("\n", "\n              ")],
    ["security", security],
    ["gateway", applicationError && `cannot take it into the policy: ${applicationError}`],
    [
      "code",
      inCode &&
        `allows it already, in block ${inCode}; once that is in force: scripts/approvals reject ${id.slice(0, 8)}`,
    ],
    ["approve", unclear && `not here: ${unclear}`],
  ];
  const shown = rows.filter(([, text]) => text).map(([label, text]) => `  ${label.padEnd(10)}  ${text}\n`);
  return `${id.slice(0, 8)}  ${name}\n${shown.join("")}`;
}

/** What a draft opens, and for which program, in one line. */
export function firstOf({ endpoints, rule, binary }: Draft): string {
  return `${endpoints} for ${rule?.binaries.map(({ path }) => path).join(", ") ?? binary ?? "programs that are not named"}`;
}

/** Who approved a rule, when and why: the lines above it in a policy file. */
export function reasonsOf(draft: Draft, who: string, when: Date, reason?: string): string[] {
  const { id, rationale, verdict, security } = draft;
  const at = `${when.toISOString().slice(0, 16)}Z`;
  return [
    `Approved by ${who}, ${at}${reason ? `: ${reason}` : ""}`,
    `Draft ${id}: ${rationale || "no reason given"}`,
    verdict.said.startsWith("prover: ")
      ? `Prover: ${verdict.said.slice("prover: ".length)}`
      : `Not proven: ${verdict.said}`,
    ...(security ? [`Security: ${security}`] : []),
  ].flatMap((line) => wrapped(line));
}

function wrapped(text: string, width = 110): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(lines.length === 0 ? word : `  ${word}`);
  }
  return lines;
}
