import { join } from "node:path";
import { Command, CommanderError, Option } from "commander";
import { isCancelled } from "../host/errors.ts";
import { stopOwnedDaemon } from "../host/local/daemon.ts";
import { removeMakings } from "../host/local/making-folder.ts";
import { cloneFolder } from "./clone-paths.ts";
import { findLacking, type Lacking, prepareDocker, prepareImage } from "./computer-setup.ts";
import type { StartAgain } from "./docker-group.ts";
import { Progress } from "./progress.ts";
import { outliveReader } from "./reader-gone.ts";
import { runInForeground } from "./run-program.ts";
import { findLackingBrowser, prepareBrowser } from "./test-browser.ts";
import { exitCodeOf, notRun, runTests, type TestRun, tallyOf } from "./test-runs.ts";
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

outliveReader();
process.exitCode = await main().catch((error: Error) => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 64;
  console.error(error.message);
  if (isCancelled(error)) return 130;
  // Whoever reads only the last line must not take a broken set-up for an empty run.
  console.log(tallyOf([notRun]));
  return 1;
});

async function main(): Promise<number> {
  program.parse();
  const [what = "all", ...filters] = program.args;
  if (!["unit", "e2e", "all"].includes(what)) {
    console.error(`scripts/test takes unit, e2e or all, not ${what}`);
    return 64;
  }
  const { testName } = program.opts<{ testName?: string }>();
  const run = (...words: string[]) => runTests(words, testName);
  const progress = new Progress();
  if (what !== "e2e" && selects(filters, "test/unit/review-page.test.ts")) await setUpBrowser(progress);
  if (what === "unit") return tell([await run(...filters, "--project", "unit")]);
  const lacking = await lookAtComputer(progress);
  const started = await setUpDocker(lacking, progress);
  if (typeof started === "object") return runInForeground(started.command);
  const runs: TestRun[] = [];
  try {
    const ready = setUpMachines(lacking, progress).catch((error: Error) => error);
    // Which need no machine, so that nothing waits for its image meanwhile. With filters one of the two may have nothing to run.
    const apart = what === "all" && filters.length === 0;
    if (apart) runs.push(await run("--project", "unit"));
    const failed = await ready;
    if (failed) throw failed;
    runs.push(await run(...filters, ...(what === "all" && !apart ? [] : ["--project", "e2e"])));
    return exitCodeOf(runs);
  } catch (error) {
    console.error((error as Error).message);
    runs.push(notRun);
    return isCancelled(error) ? 130 : 1;
  } finally {
    await progress.step("Clean up after the tests", removeTestThings);
    if (started === "started") await stopOwnedDaemon({ directory: ownFolder, log: (line) => console.log(line) });
    console.log(tallyOf(runs));
  }
}

function tell(runs: readonly TestRun[]): number {
  console.log(tallyOf(runs));
  return exitCodeOf(runs);
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

async function lookAtComputer(progress: Progress): Promise<Lacking> {
  const lacking = await progress.step("Look at this computer", () => findLacking());
  for (const { name, reason } of lacking.now) progress.line(`Will install with apt: ${name} (${reason})`);
  for (const { name, reason } of [...lacking.client, ...lacking.perhaps])
    progress.line(`May install with apt: ${name} (${reason})`);
  return lacking;
}

async function setUpDocker(
  lacking: Lacking,
  progress: Progress,
): Promise<"answers" | "service" | "started" | StartAgain> {
  return progress.step("Docker on this computer", (say) => prepareDocker(lacking, say, { directory: ownFolder }));
}

async function setUpMachines(lacking: Lacking, progress: Progress): Promise<undefined> {
  // What is left of an image that was being made when a run was killed.
  await removeMakings(ownFolder);
  await progress.step("Image of the local machine", (say) => prepareImage(lacking, say, { directory: ownFolder }));
  await progress.step("Clean up what an earlier test run left", removeTestThings);
}
