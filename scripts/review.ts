import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { combine } from "../review/combine.ts";
import { htmlOf } from "../review/page/html.ts";
import { markdownOf } from "../review/page/markdown.ts";
import { outlineOf } from "../review/page/outline.ts";
import { visibleJson } from "../review/page/visible.ts";
import { reportOfPreview } from "../review/preview/report-of-preview.ts";
import { type Report, verdictOf } from "../review/report.ts";
import { reportOfRevisions } from "../review/revisions/report-of-revisions.ts";
import { openRevision } from "../review/revisions/revision.ts";
import { cloneFolder } from "./clone-paths.ts";
import { priceOf } from "./machine-prices.ts";
import { previewFromFile, previewOf, type StoredPreview } from "./preview-of.ts";
import { runScript, stackCommand } from "./stack-command.ts";

interface Options {
  stack: string;
  from?: string;
  to?: string;
  preview?: string;
  state?: string;
  json?: boolean;
  out?: string;
}

const program = stackCommand("review", "What a change means, for the person who approves it.")
  .option("--preview <file>", "read this JSON of pulumi preview --refresh --json --show-sames; - is standard input")
  .option("--state <file>", "with --preview: what pulumi stack export printed, to see an update that was interrupted")
  .option("--from <revision>", "compare what two git revisions configure; with --preview, add what only they tell")
  .option("--to <revision>", "the newer of the two (default: HEAD)")
  .option("--out <folder>", "write review.md and review.html there")
  .option("--json", "print the report as JSON")
  .addHelpText(
    "after",
    `
Without --preview and --from, it makes the preview itself, with a look at the real things. Nothing is ever changed.
Prints Markdown for a pull request.

Exit codes: 0 nothing changes, 1 error, 2 changes, 3 widens access, 4 replaces or destroys data, 64 usage.`,
  );

await runScript(async () => {
  program.parse();
  const options = program.opts<Options>();
  if (options.state !== undefined && options.preview === undefined) program.error("error: --state needs --preview");
  if (options.to !== undefined && options.from === undefined) program.error("error: --to needs --from");
  const report = await reportOf(options);
  const outline = outlineOf(report);
  const markdown = markdownOf(outline);
  if (options.out !== undefined) {
    mkdirSync(options.out, { recursive: true });
    writeFileSync(join(options.out, "review.md"), markdown);
    writeFileSync(join(options.out, "review.html"), htmlOf(outline));
    console.error(`Written: ${join(options.out, "review.md")}, ${join(options.out, "review.html")}`);
  }
  if (options.json) console.log(visibleJson({ ...verdictOf(report), ...withoutStates(report) }));
  else if (options.out === undefined) process.stdout.write(markdown);
  return verdictOf(report).exitCode;
});

async function reportOf({ stack, from, to = "HEAD", preview, state }: Options): Promise<Report> {
  const revisions =
    from === undefined
      ? undefined
      : reportOfRevisions(stack, openRevision(cloneFolder, from), openRevision(cloneFolder, to), priceOf);
  if (revisions && preview === undefined) return revisions;
  if (preview === undefined) return live(stack);
  const report = fromFile({ stack, file: preview, state });
  return revisions ? combine(report, revisions) : { ...report, compared: `${report.compared}; no revisions` };
}

async function live(stack: string): Promise<Report> {
  const { preview, recorded } = await previewOf(stack, (line) => console.error(line));
  return reportOfPreview({ stack, preview, recorded, compared: "pulumi preview --refresh", priceOf });
}

function fromFile(stored: StoredPreview): Report {
  const { preview } = previewFromFile(stored);
  return reportOfPreview({ stack: stored.stack, preview, compared: `the preview in ${stored.file}`, priceOf });
}

// States repeat what the changes say, at length.
function withoutStates({ resources, ...report }: Report): object {
  return { ...report, resources: resources.map(({ before: _, after: __, ...rest }) => rest) };
}
