import { basename } from "node:path";
import type { SerializedError, UserConsoleLog } from "vitest";
import type { TestCase, TestModule, Vitest, Reporter as VitestReporter } from "vitest/node";

/**
 * Prints every end-to-end test as it ends, with what it prints itself, and every unit file, each failure in full, each skip with
 * its reason, and as the last line `N passed, N failed, N skipped`.
 */
export class Reporter implements VitestReporter {
  readonly #print: (line: string) => void;
  readonly #now: () => number;
  readonly #tally = { passed: 0, failed: 0, skipped: 0 };
  readonly #skips: string[] = [];
  #running = new Map<string, number>();
  #heartbeat: NodeJS.Timeout | undefined;
  #lastPrinted = 0;
  /** Tests that were skipped and say nothing. */
  readonly #unexplained: TestCase[] = [];
  /** Why tests are left out that say nothing themselves; without one that is a fault of theirs. */
  #leftOut: string | undefined;
  #vitest: Vitest | undefined;

  constructor(print: (line: string) => void = (line) => console.log(line), now: () => number = Date.now) {
    this.#print = print;
    this.#now = now;
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
    if (vitest.config.testNamePattern) this.#leftOut = "left out by the test name that was asked for";
  }

  onTestRunStart(): void {
    this.#heartbeat = setInterval(() => this.#tellWhatRuns(), 2500);
    this.#heartbeat.unref();
  }

  onTestModuleStart(module: TestModule): void {
    this.#running.set(module.relativeModuleId, this.#now());
    if (isEndToEnd(module)) this.#say(`           ${module.relativeModuleId} begins`);
  }

  onTestCaseReady(test: TestCase): void {
    if (isEndToEnd(test.module)) this.#running.set(told(test), this.#now());
  }

  onTestCaseResult(test: TestCase): void {
    this.#running.delete(told(test));
    const result = test.result();
    const where = `${test.module.relativeModuleId} > ${test.fullName}`;
    const took = test.diagnostic() ? ` (${seconds(test.diagnostic()?.duration ?? 0)})` : "";
    switch (result.state) {
      case "passed":
        this.#tally.passed += 1;
        if (isEndToEnd(test.module)) this.#say(`  ok       ${told(test)}${took}`);
        break;
      case "skipped":
        this.#skipped(test, where, result.note ?? this.#leftOut);
        break;
      case "failed":
        this.#tally.failed += 1;
        this.#say(`  FAILED   ${where}${took}`);
        this.#errors(result.errors);
        break;
    }
  }

  onUserConsoleLog({ content, taskId = "" }: UserConsoleLog): void {
    const from = this.#vitest?.state.getReportedEntityById(taskId);
    if (from?.type !== "test" || !isEndToEnd(from.module)) return;
    for (const line of content.trimEnd().split("\n")) this.#say(`  says     ${told(from)}: ${line}`);
  }

  onTestModuleEnd(module: TestModule): void {
    this.#running.delete(module.relativeModuleId);
    this.#explainSkips(module);
    // A file that cannot be loaded, or whose hooks fail, has tests that never report.
    const errors = [module, ...module.children.allSuites()].flatMap((part) => part.errors());
    if (errors.length > 0) {
      this.#tally.failed += 1;
      this.#say(`  FAILED   ${module.relativeModuleId}: outside its tests`);
      this.#errors(errors);
    }
    if (isEndToEnd(module)) return;
    const tests = [...module.children.allTests()];
    const failed = tests.filter((test) => test.result().state === "failed").length;
    const word = errors.length > 0 || failed > 0 ? "FAILED" : "ok";
    this.#say(
      `  ${word.padEnd(8)} ${module.relativeModuleId}: ${tests.length} tests (${seconds(module.diagnostic().duration)})`,
    );
  }

  onTestRunEnd(_modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    clearInterval(this.#heartbeat);
    if (unhandled.length > 0) {
      this.#tally.failed += unhandled.length;
      this.#say("  FAILED   outside any test");
      this.#errors(unhandled);
    }
    if (this.#skips.length > 0) this.#say(["\nSkipped:", ...this.#skips.map((skip) => `  ${skip}`)].join("\n"));
    const { passed, failed, skipped } = this.#tally;
    this.#say(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
  }

  #skipped(test: TestCase, where: string, reason: string | undefined): void {
    if (reason === undefined) {
      this.#unexplained.push(test);
      return;
    }
    this.#tally.skipped += 1;
    this.#skips.push(`${where}: ${reason}`);
    if (isEndToEnd(test.module)) this.#say(`  skipped  ${told(test)}: ${reason}`);
  }

  /** A set-up that failed may be reported after the tests that it keeps from running, so they are judged at their file's end. */
  #explainSkips(module: TestModule): void {
    for (const test of this.#unexplained.filter((skipped) => skipped.module === module)) {
      const where = `${module.relativeModuleId} > ${test.fullName}`;
      if (!isSetUp(test)) {
        this.#skipped(test, where, setUpFailed);
        continue;
      }
      this.#tally.failed += 1;
      process.exitCode = 1;
      this.#say(`  FAILED   ${where}: skipped without a reason; say one: skip("no curl here")`);
    }
  }

  #tellWhatRuns(): void {
    if (this.#now() - this.#lastPrinted < 7500) return;
    const [name, since] = [...this.#running].at(-1) ?? [];
    if (name && since) this.#say(`  ...      ${name} (running for ${seconds(this.#now() - since)})`);
  }

  #errors(errors: readonly { message?: string; stack?: string; diff?: string }[]): void {
    for (const { message, stack, diff } of errors) {
      const text = [stack?.includes(message ?? "") ? stack : `${message}\n${stack ?? ""}`, diff]
        .filter(Boolean)
        .join("\n");
      const ours = text.split("\n").filter((line) => !/^\s+at .*node_modules/.test(line));
      this.#say(ours.join("\n").trimEnd().replace(/^/gm, "             "));
    }
  }

  #say(text: string): void {
    this.#lastPrinted = this.#now();
    this.#print(text);
  }
}

const setUpFailed = "what it needs could not be set up; see the failure above or below";

/** Whether all hooks before a test went well; vitest skips its test when one of them did not. */
function isSetUp(test: TestCase): boolean {
  for (let part: TestCase["parent"] = test.parent; ; part = part.parent) {
    if (part.errors().length > 0) return false;
    if (part.type === "module") return true;
  }
}

/** What an end-to-end test is called in the output, where tests of two files alternate. */
function told({ module, fullName }: TestCase): string {
  return `${basename(module.relativeModuleId, ".test.ts")}: ${fullName}`;
}

function isEndToEnd(module: TestModule): boolean {
  return module.project.name === "e2e";
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
