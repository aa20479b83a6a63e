import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Toys } from "../fixtures/engine/toys.ts";

// States that an interruption or a failure leaves behind, and how the next run goes on from them.

const minute = 60_000;

test("a replacement whose creation failed after the deletion is made by the next run", {
  timeout: minute,
}, async () => {
  const program = (more: string) => `new Thing("a", { deleteFirst: true, ${more} });`;
  using toys = await Toys.make(program('key: "1"'));
  await toys.up();
  toys.program(program('key: "2", fail: "create"'));
  await expect(toys.up()).rejects.toThrow("failed");
  expect(toys.resource("a")).toMatchObject({ pendingReplacement: true, inputs: { key: "1" } });
  expect(toys.world).toEqual({});

  expect(await toys.refresh()).toMatchObject({ changes: { same: 2 } });
  toys.program(program('key: "2"'));
  expect(await toys.preview()).toMatchObject({ changes: { replace: 1 } });
  expect(await toys.up()).toMatchObject({ changes: { replace: 1 } });
  expect(toys.state.resources.filter(({ urn }: { urn: string }) => urn.endsWith("::a"))).toHaveLength(1);
  expect(toys.resource("a").pendingReplacement).toBeUndefined();
});

test("a thing deleted for a replacement that nobody wants any more is forgotten", { timeout: minute }, async () => {
  using toys = await Toys.make('new Thing("a", { key: "1", deleteFirst: true });');
  await toys.up();
  toys.program('new Thing("a", { key: "2", deleteFirst: true, fail: "create" });');
  await expect(toys.up()).rejects.toThrow("failed");
  toys.program("");
  toys.takeLog();
  await toys.up();
  expect(toys.resource("a")).toBeUndefined();
  expect(toys.takeLog()).toEqual([]);
});

test("a replaced thing that is still there is deleted by the next run", { timeout: minute }, async () => {
  using toys = await Toys.make('new Thing("a", {});');
  await toys.up();
  const file = JSON.parse(readFileSync(toys.stateFile, "utf8"));
  const { resources } = file.checkpoint.latest;
  resources.push({ ...toys.resource("a"), id: "a-old", delete: true });
  writeFileSync(toys.stateFile, JSON.stringify(file));
  toys.world = { ...toys.world, "a-old": {} };

  expect(await toys.preview()).toMatchObject({ changes: { same: 2 } });
  expect(toys.report.plans.map(({ op }) => op)).toEqual(["same", "same", "delete-replaced"]);
  await toys.up();
  expect(Object.keys(toys.world)).toEqual([toys.resource("a").id]);
  expect(toys.state.resources.filter(({ urn }: { urn: string }) => urn.endsWith("::a"))).toHaveLength(1);
});

test("a half-updated thing is updated again, and a failed update keeps what was known", {
  timeout: minute,
}, async () => {
  using toys = await Toys.make('new Thing("a", { value: 1 });');
  await toys.up();
  toys.program('new Thing("a", { value: 2, fail: "update" });');
  await expect(toys.up()).rejects.toThrow("failed");
  expect(toys.resource("a").inputs).toEqual({ value: 1 });
  expect(toys.state.pending_operations).toBeUndefined();

  toys.program('new Thing("a", { value: 2, fail: "half-update" });');
  await expect(toys.up()).rejects.toThrow("failed");
  expect(toys.resource("a")).toMatchObject({ inputs: { value: 2 }, initErrors: ["a is only half updated"] });
  toys.program('new Thing("a", { value: 2 });');
  expect(await toys.up()).toMatchObject({ changes: { update: 1 } });
});

test("a plugin that dies in the middle leaves the operation pending", { timeout: minute }, async () => {
  using toys = await Toys.make('new Thing("a", { fail: "die" });');
  await expect(toys.up()).rejects.toThrow("failed");
  expect(toys.state.pending_operations).toMatchObject([{ type: "creating", resource: { inputs: { fail: "die" } } }]);
  toys.program('new Thing("a", {});');
  await toys.up();
  expect(toys.report.complaints).toContain("interrupted while creating");
  expect(toys.state.pending_operations).toBeUndefined();
});

test("an interrupted creation that the program has given up stays pending until somebody clears it", {
  timeout: minute,
}, async () => {
  using toys = await Toys.make('new Thing("a", { fail: "die" });');
  await expect(toys.up()).rejects.toThrow("failed");
  toys.program("");
  await toys.up();
  await toys.refresh({ previewOnly: true, clearPendingCreates: true });
  expect(toys.state.pending_operations).toMatchObject([{ type: "creating" }]);
  await toys.refresh({ clearPendingCreates: true });
  expect(toys.state.pending_operations).toBeUndefined();
});

test("a read that fails leaves that resource as it was and takes in the others", { timeout: minute }, async () => {
  using toys = await Toys.make('new Thing("a", { fail: "read" }); new Thing("b", { value: 1 });');
  await toys.up();
  toys.world = Object.fromEntries(Object.entries(toys.world).filter(([id]) => id.startsWith("a")));
  await expect(toys.refresh()).rejects.toMatchObject({ exitCode: 1 });
  expect(toys.report.complaints).toBe("a: the toy was told to fail: read of a");
  expect(toys.resource("a")).toBeDefined();
  expect(toys.resource("b")).toBeUndefined();
});
