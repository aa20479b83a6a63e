import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Toys } from "../fixtures/engine/toys.ts";

// The engine as a process of its own, stopped in the middle of a change.

const minute = 60_000;
const entry = join(import.meta.dirname, "../../engine/main.ts");
const program = 'new Thing("quick", {}); new Thing("slow", { milliseconds: 20000 }); new Thing("next", {}, {});';

class Running {
  readonly process: ChildProcess;
  said = "";

  constructor(toys: Toys, ...args: string[]) {
    this.process = spawn(process.execPath, [entry, ...args, "-C", toys.folder, "-s", toys.stack], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on("data", (chunk) => {
        this.said += chunk;
      });
    }
  }

  get ended(): Promise<number | null> {
    return new Promise((resolve) => {
      if (this.process.exitCode !== null || this.process.signalCode !== null) resolve(this.process.exitCode);
      else this.process.once("close", (code) => resolve(code));
    });
  }

  async until(condition: () => boolean): Promise<void> {
    const deadline = Date.now() + minute / 2;
    while (!condition()) {
      if (Date.now() > deadline) throw new Error(`it did not come to that; it said:\n${this.said}`);
      await sleep(25);
    }
  }
}

function made(toys: Toys, ...names: string[]): boolean {
  return names.every((name) => toys.resource(name) !== undefined);
}

function pending(toys: Toys): string[] {
  const operations = toys.state.pending_operations ?? [];
  return operations.map(
    (one: { type: string; resource: { urn: string } }) => `${one.type} ${one.resource.urn.split("::").at(-1)}`,
  );
}

function locks(toys: Toys): string[] {
  const folder = join(toys.folder, "state/.pulumi/locks/organization/toys", toys.stack);
  return existsSync(folder) ? readdirSync(folder) : [];
}

test("SIGINT cancels the plugin, records what was done and ends with 130", { timeout: minute }, async () => {
  using toys = await Toys.make(program);
  const run = new Running(toys, "up", "--yes", "--skip-preview");
  await run.until(() => pending(toys).join() === "creating slow" && made(toys, "quick", "next"));
  run.process.kill("SIGINT");
  expect(await run.ended).toBe(130);
  expect(toys.takeLog()).toContain("cancel");
  expect(run.said).toContain("cancelled; what was done is recorded");
  expect(toys.resource("slow")).toBeUndefined();
  expect(pending(toys)).toEqual([]);
  expect(locks(toys)).toEqual([]);
});

test("SIGKILL leaves a state that the next run goes on from", { timeout: 2 * minute }, async () => {
  using toys = await Toys.make(program);
  const run = new Running(toys, "up", "--yes", "--skip-preview");
  await run.until(() => pending(toys).join() === "creating slow" && made(toys, "quick", "next"));
  run.process.kill("SIGKILL");
  await run.ended;
  expect(pending(toys)).toEqual(["creating slow"]);
  expect(locks(toys)).toHaveLength(1);

  toys.program(program.replace("20000", "1"));
  const result = await toys.up();
  expect(toys.report.said.join("\n")).toMatch(
    /the lock of process \d+, which ended without giving it back, was taken away/,
  );
  expect(toys.report.said.join("\n")).toMatch(/ending process \d+, which an interrupted run left behind/);
  expect(toys.report.complaints).toContain("slow, interrupted while creating");
  expect(result.changes.same).toBeGreaterThanOrEqual(2);
  expect(toys.names).toEqual(["next", "quick", "slow"]);
  expect(pending(toys)).toEqual([]);
  expect(locks(toys)).toEqual([]);
});

test("two engines do not change one stack at once", { timeout: minute }, async () => {
  using toys = await Toys.make('new Thing("slow", { milliseconds: 20000 });');
  const run = new Running(toys, "up", "--yes", "--skip-preview");
  await run.until(() => pending(toys).includes("creating slow"));
  await expect(toys.up()).rejects.toThrow(`the stack is locked by process ${run.process.pid}`);
  expect(await toys.preview()).toMatchObject({ changes: { create: 1, same: 1 } });
  run.process.kill("SIGTERM");
  expect(await run.ended).toBe(130);
  await toys.destroy();
});
