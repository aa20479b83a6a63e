import { join } from "node:path";
import { Command, CommanderError, Option } from "commander";
import { isCancelled } from "../host/errors.ts";
import { stopOwnedDaemon } from "../host/local/daemon.ts";
import { removeMakings } from "../host/local/making-folder.ts";
import { cloneFolder } from "./clone-paths.ts";
import { findLacking, prepareDocker, prepareImage } from "./computer-setup.ts";
import type { StartAgain } from "./docker-group.ts";
import { Progress } from "./progress.ts";
import { outliveReader } from "./reader-gone.ts";
import { runInForeground, runProgram } from "./run-program.ts";
import { findLackingBrowser, prepareBrowser } from "./test-browser.ts";
import { removeTestThings } from "./test-things.ts";

const program = new Command("scripts/test")
  .description("Sets up what the tests need and runs them; ends with `N passed, N failed, N skipped`.")
  .argument("[what]", "unit (with format, types and dead code), e2e (on a real local machine), or all", "all")
  .argument("[filter...]", "only test files whose path contains one of these")
  .addOption(new Option("-t, --test-name <pattern>", "only tests whose name matches"))
  .exitOverride();

// Apart from what the quick start keeps, because a test's `--destroy` must not take the tests' own Docker daemon away, nor what an
// image is being made of.
const ownFolder = join(cloneFolder, "node_modules", ".cache", "nemoclaw-test");

const tally = /^\d+ passed, \d+ failed, \d+ skipped$/;

outliveReader();
process.exitCode = await main().catch((error: Error) => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 64;
  console.error(error.message);
  if (isCancelled(error)) return 130;
  // Whoever reads only the last line must not take a broken set-up for an empty run.
  console.log("0 passed, 1 failed, 0 skipped");
  return 1;
});

async function main(): Promise<number> {
  program.parse();
  const [what = "all", ...filters] = program.args;
  if (!["unit", "e2e", "all"].includes(what)) {
    console.error(`scripts/test takes unit, e2e or all, not ${what}`);
    return 64;
  }
  const progress = new Progress();
  if (what !== "e2e" && selects(filters, "test/unit/review-page.test.ts")) await setUpBrowser(progress);
  const started = what === "unit" ? "answers" : await setUp(progress);
  if (typeof started === "object") return runInForeground(started.command);
  let last = "0 passed, 1 failed, 0 skipped";
  try {
    const { testName } = program.opts<{ testName?: string }>();
    const run = await runProgram(
      [
        ...[process.execPath, join(cloneFolder, "node_modules", "vitest", "vitest.mjs"), "run", ...filters],
        ...(what === "all" ? [] : ["--project", what]),
        ...(testName ? ["--testNamePattern", testName] : []),
      ],
      {
        cwd: cloneFolder,
        env: { ...process.env, NO_COLOR: "1" },
        onLine: (line) => {
          if (tally.test(line)) last = line;
          else console.log(line);
        },
      },
    );
    return run.exitCode;
  } finally {
    if (what !== "unit") await progress.step("Clean up after the tests", removeTestThings);
    if (started === "started") await stopOwnedDaemon({ directory: ownFolder, log: (line) => console.log(line) });
    console.log(last);
  }
}

function selects(filters: readonly string[], file: string): boolean {
  return filters.length === 0 || filters.some((filter) => file.includes(filter));
}

async function setUpBrowser(progress: Progress): Promise<void> {
  const lacking = await findLackingBrowser();
  if (lacking.length === 0) return;
  for (const { name, reason } of lacking) progress.line(`Will install with apt: ${name} (${reason})`);
  await progress.step("A browser for the review's page", (say) => prepareBrowser(lacking, say));
}

async function setUp(progress: Progress): Promise<"answers" | "service" | "started" | StartAgain> {
  const lacking = await progress.step("Look at this computer", () => findLacking());
  for (const { name, reason } of lacking.now) progress.line(`Will install with apt: ${name} (${reason})`);
  for (const { name, reason } of [...lacking.client, ...lacking.perhaps])
    progress.line(`May install with apt: ${name} (${reason})`);
  const started = await progress.step("Docker on this computer", (say) =>
    prepareDocker(lacking, say, { directory: ownFolder }),
  );
  if (typeof started === "object") return started;
  // What is left of an image that was being made when a run was killed.
  await removeMakings(ownFolder);
  await progress.step("Image of the local machine", (say) => prepareImage(lacking, say, { directory: ownFolder }));
  await progress.step("Clean up what an earlier test run left", removeTestThings);
  return started;
}
