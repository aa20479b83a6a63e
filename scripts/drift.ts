import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Adoptions, adoptionsOf, toPaste } from "../review/drift/adopt.ts";
import { adoptInto, adoptSome } from "../review/drift/adopt-into.ts";
import { cutOffUpgrades, driftOutline } from "../review/page/drift-outline.ts";
import { htmlOf } from "../review/page/html.ts";
import { markdownOf } from "../review/page/markdown.ts";
import { visible, visibleJson } from "../review/page/visible.ts";
import { reportOfPreview } from "../review/preview/report-of-preview.ts";
import { isUndone } from "../review/report.ts";
import { ReviewError } from "../review/review-error.ts";
import { stackFile, stackFileName } from "./clone-paths.ts";
import { policyFileOf } from "./policy-file.ts";
import { previewFromFile, previewOf } from "./preview-of.ts";
import { runScript, stackCommand } from "./stack-command.ts";

interface Options {
  stack: string;
  preview?: string;
  state?: string;
  adopt?: boolean;
  json?: boolean;
  out?: string;
}

const program = stackCommand(
  "drift",
  "What has changed on a stack's machine without an update. Nothing is changed there.",
)
  .option("--preview <file>", "read this JSON of pulumi preview --refresh --json --show-sames; - is standard input")
  .option("--state <file>", "with --preview: what pulumi stack export printed, to see an update that was interrupted")
  .option("--adopt", "write what was found into the stack file and its policy file, where that can be said there")
  .option("--out <folder>", "write drift.md and drift.html there")
  .option("--json", "print it as JSON")
  .addHelpText(
    "after",
    `
To keep what was found, take it into the code (--adopt, or paste what is printed) and commit it. To put it back, run
scripts/pulumi up --refresh: without --refresh an update looks at no machine, and finds nothing to do.

Exit codes: 0 none, 1 error, 2 drift or an upgrade that was cut off, 64 usage.`,
  );

await runScript(async () => {
  program.parse();
  const { stack, preview: file, state, adopt, json, out } = program.opts<Options>();
  if (state !== undefined && file === undefined) program.error("error: --state needs --preview");
  const found =
    file === undefined
      ? await previewOf(stack, (line) => console.error(line))
      : previewFromFile({ stack, file, state });
  if (found.recorded.size === 0 && file === undefined)
    throw new ReviewError(`nothing stands of stack ${stack} that could have drifted`, `scripts/pulumi up -s ${stack}`);
  if (found.recorded.size === 0) {
    const hint = "pulumi preview --refresh --json --show-sames by the Pulumi CLI, or leave --preview out";
    throw new ReviewError("this preview does not tell what the state had before, so drift cannot be seen in it", hint);
  }
  const report = reportOfPreview({ stack, ...found, compared: "what the last update left, and what is there" });
  const adoptions = adoptionsOf(report.resources, found.recorded);
  const outline = driftOutline(report);
  if (out !== undefined) {
    mkdirSync(out, { recursive: true });
    writeFileSync(join(out, "drift.md"), markdownOf(outline));
    writeFileSync(join(out, "drift.html"), htmlOf(outline));
  }
  const { drift = [], driftAccess, unseen = [] } = report;
  const cutOff = cutOffUpgrades(report).map(({ name }) => name);
  if (json)
    console.log(visibleJson({ stack, drift, unseen, access: driftAccess, cutOffUpgrades: cutOff, ...adoptions }));
  else {
    process.stdout.write(markdownOf(outline));
    if (drift.length > 0) process.stdout.write(visible(offers(stack, adoptions, drift.some(isUndone))));
  }
  if (adopt) take(stack, adoptions);
  return outline.exitCode;
});

function offers(stack: string, { adoptions, left }: Adoptions, undone: boolean): string {
  const files = { policy: "its policy file (policy.file)", stack: stackFileName(stack) };
  const pastes = toPaste(adoptions).map(
    ({ into, yaml }) => `\nTo adopt it, in ${files[into]}:\n\n\`\`\`yaml\n${yaml}\`\`\`\n`,
  );
  const rest = left.map((line) => `- not to be adopted: ${line}\n`).join("");
  const restore = undone ? `\nTo restore what the code says: \`scripts/pulumi up --refresh -s ${stack}\`\n` : "";
  return `${pastes.join("")}${rest ? `\n${rest}` : ""}${restore}`;
}

function take(stack: string, { adoptions, left }: Adoptions): void {
  const file = stackFile(stack);
  if (!existsSync(file)) throw new ReviewError(`there is no ${file} to adopt into`);
  // Whatever cannot be taken is an error before anything is written.
  const into = new Set(adoptions.map((one) => one.into));
  const own = into.has("policy") ? policyFileOf(stack) : undefined;
  const policy = own && adoptSome(own.text, "policy", adoptions, own.path);
  const changed =
    own && policy && policy.left.length < adoptions.filter((one) => one.into === "policy").length ? own : undefined;
  const text = changed?.stackText ?? readFileSync(file, "utf8");
  const settings = into.has("stack") ? adoptInto(text, "stack", adoptions, file) : undefined;
  if (policy) changed?.save(policy.text);
  if (settings !== undefined) writeFileSync(file, settings);
  const written = [changed?.path, changed?.isNew || settings !== undefined ? file : undefined];
  for (const path of written) if (path) console.error(`Written: ${path}`);
  for (const line of [...left, ...(policy?.left ?? [])]) console.error(visible(`Not adopted: ${line}`));
}
