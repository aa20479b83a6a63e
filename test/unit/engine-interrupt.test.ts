import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Toys } from "../fixtures/engine/toys.ts";
import { type Watched, watchProgram } from "../support/watch-program.ts";

// The engine as a process of its own, stopped in the middle of a change.

const minute = 60_000;
const entry = join(import.meta.dirname, "../../engine/main.ts");
const program = 'new Thing("quick", {}); new Thing("slow", { milliseconds: 20000 }); new Thing("next", {}, {});';

function start(toys: Toys): Watched {
  const words = ["up", "--yes", "--skip-preview", "-C", toys.folder, "-s", toys.stack];
  return watchProgram([process.execPath, entry, ...words], { env: process.env });
}

async function until(run: Watched, condition: () => boolean): Promise<void> {
  const deadline = Date.now() + minute / 2;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`it did not come to that; it said:\n${run.output()}`);
    await sleep(25);
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
  await using run = start(toys);
  await until(run, () => pending(toys).join() === "creating slow" && made(toys, "quick", "next"));
  run.kill("SIGINT");
  expect(await run.ended).toMatchObject({ exitCode: 130 });
  expect(toys.takeLog()).toContain("cancel");
  expect(run.output()).toContain("cancelled; what was done is recorded");
  expect(toys.resource("slow")).toBeUndefined();
  expect(pending(toys)).toEqual([]);
  expect(locks(toys)).toEqual([]);
});

test("SIGKILL leaves a state that the next run goes on from", { timeout: 2 * minute }, async () => {
  using toys = await Toys.make(program);
  await using run = start(toys);
  await until(run, () => pending(toys).join() === "creating slow" && made(toys, "quick", "next"));
  run.kill("SIGKILL");
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
  await using run = start(toys);
  await until(run, () => pending(toys).includes("creating slow"));
  await expect(toys.up()).rejects.toThrow(`the stack is locked by process ${run.pid}`);
  expect(await toys.preview()).toMatchObject({ changes: { create: 1, same: 1 } });
  run.kill("SIGTERM");
  expect(await run.ended).toMatchObject({ exitCode: 130 });
  await toys.destroy();
});
