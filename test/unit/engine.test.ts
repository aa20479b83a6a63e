import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { exportStack, importStack, stackOutputs } from "../../engine/index.ts";
import { Toys } from "../fixtures/engine/toys.ts";

// The embedded engine over a real plugin process and the SDK's own program runner; only the resources are toys.

const minute = 60_000;

test("makes, keeps, changes and deletes what the program says", { timeout: minute }, async () => {
  using toys = await Toys.make(`
    const a = new Thing("a", { value: 1 });
    new Thing("b", { value: a.echo }, { dependsOn: [a] });
    export const echo = a.echo;
  `);
  expect(await toys.preview()).toMatchObject({ changes: { create: 3 } });
  expect(toys.world).toEqual({});
  expect(await toys.up()).toMatchObject({ changes: { create: 3 }, outputs: { echo: 1 } });
  expect(toys.names).toEqual(["a", "b"]);

  expect(await toys.up()).toMatchObject({ changes: { same: 3 } });
  expect(await toys.preview({ expectNoChanges: true })).toMatchObject({ changes: { same: 3 } });

  toys.program('new Thing("a", { value: 2 });');
  await expect(toys.preview({ expectNoChanges: true })).rejects.toMatchObject({ exitCode: 2 });
  expect(toys.report.plans.map(({ op }) => op)).toEqual(["same", "update", "delete"]);
  expect(await toys.up()).toMatchObject({ changes: { same: 1, update: 1, delete: 1 } });
  expect(Object.values(toys.world)).toEqual([{ value: 2 }]);

  expect(await toys.destroy()).toMatchObject({ changes: { delete: 2 } });
  expect(toys.world).toEqual({});
  expect(toys.state.resources).toBeUndefined();
});

test("names and nests as the CLI does, and keeps what components say of themselves", { timeout: minute }, async () => {
  using toys = await Toys.make('new Box("box", { value: "v" });');
  await toys.up();
  const urns = toys.state.resources.map(({ urn }: { urn: string }) => urn);
  expect(urns).toEqual([
    "urn:pulumi:local::toys::pulumi:pulumi:Stack::toys-local",
    "urn:pulumi:local::toys::toy:index:Box::box",
    "urn:pulumi:local::toys::pulumi:providers:toy::default",
    "urn:pulumi:local::toys::toy:index:Box$toy:index:Thing::box-thing",
  ]);
  expect(toys.resource("box")).toMatchObject({ custom: false, outputs: { echo: "v" } });
  expect(toys.resource("box-thing")).toMatchObject({
    parent: urns[1],
    provider: `${urns[2]}::${toys.resource("default").id}`,
    propertyDependencies: { value: [] },
  });
});

test("secrets are encrypted in the state, wherever they came from", { timeout: minute }, async () => {
  using toys = await Toys.make(`
    const a = new Thing("a", { secret: pulumi.secret("hunter2"), value: "plain-but-hidden" }, { additionalSecretOutputs: ["echo"] });
    export const derived = a.derived;
    export const echo = a.echo;
  `);
  await toys.up();
  const written = readFileSync(toys.stateFile, "utf8");
  expect(written).not.toContain("hunter2");
  expect(toys.resource("a").outputs.echo).toHaveProperty("ciphertext");
  expect(await stackOutputs(toys.target)).toEqual({ derived: "[secret]", echo: "[secret]" });
  expect(await stackOutputs(toys.target, true)).toEqual({ derived: "derived-hunter2", echo: "plain-but-hidden" });
  expect(JSON.stringify(await exportStack(toys.target, true))).toContain('"plaintext":"\\"hunter2\\""');
  expect(await toys.up()).toMatchObject({ changes: { same: 2 } });
});

test("what does not depend on each other runs at once; what does waits", { timeout: minute }, async () => {
  using toys = await Toys.make(`
    const a = new Thing("a", { milliseconds: 300 });
    new Thing("b", { milliseconds: 300 });
    new Thing("c", { value: a.echo });
  `);
  await toys.up();
  const log = toys.takeLog();
  expect(log.slice(0, 2).sort()).toEqual(["start create a", "start create b"]);
  expect(log.indexOf("start create c")).toBeGreaterThan(log.indexOf("end create a"));

  await toys.destroy();
  const deletes = toys.takeLog();
  expect(deletes.indexOf("start delete a")).toBeGreaterThan(deletes.indexOf("end delete c"));
  expect(deletes.indexOf("start delete a")).toBeLessThan(deletes.indexOf("end delete b"));
});

test("parallel 1 does one thing at a time", { timeout: minute }, async () => {
  using toys = await Toys.make('for (const name of ["a", "b", "c"]) new Thing(name, { milliseconds: 50 });');
  await toys.up({ parallel: 1 });
  expect(toys.takeLog().map((line) => line.split(" ")[0])).toEqual(["start", "end", "start", "end", "start", "end"]);
});

test("a refresh begins all reads at once and takes drift and losses into the state", { timeout: minute }, async () => {
  using toys = await Toys.make(`
    const a = new Thing("a", { value: 1, milliseconds: 100 });
    new Thing("b", { value: a.echo, milliseconds: 100 });
    new Thing("c", { value: 1, milliseconds: 100 }, { dependsOn: [a] });
  `);
  await toys.up();
  expect(await toys.refresh()).toMatchObject({ changes: { same: 4 } });
  toys.takeLog();
  const [a = "", b = "", c = ""] = Object.keys(toys.world).sort();
  toys.world = { [b]: { value: "drifted", milliseconds: 100 }, [c]: toys.world[c] ?? {} };

  const before = readFileSync(toys.stateFile, "utf8");
  expect(await toys.refresh({ previewOnly: true })).toMatchObject({ changes: { delete: 1, update: 1 } });
  expect(readFileSync(toys.stateFile, "utf8")).toBe(before);
  expect(toys.takeLog().slice(0, 3).sort()).toEqual(["start read a", "start read b", "start read c"]);
  await expect(toys.refresh({ previewOnly: true, expectNoChanges: true })).rejects.toMatchObject({ exitCode: 2 });

  await toys.refresh();
  expect(toys.resource("a")).toBeUndefined();
  expect(toys.resource("b").inputs.value).toBe("drifted");
  expect(toys.resource("c").dependencies ?? []).toEqual([]);
  expect(await toys.up()).toMatchObject({ changes: { create: 1, update: 1, same: 2 } });
  expect(Object.values(toys.world).map(({ value }) => value)).toEqual([1, 1, 1]);
  expect(a).toMatch(/^a-/);
});

test("up --refresh mends drift in one go", { timeout: minute }, async () => {
  using toys = await Toys.make('new Thing("a", { value: 1 });');
  await toys.up();
  const [id = ""] = Object.keys(toys.world);
  toys.world = { [id]: { value: 2 } };
  expect(await toys.up()).toMatchObject({ changes: { same: 2 } });
  expect(await toys.up({ refresh: true })).toMatchObject({ changes: { same: 1, update: 1 } });
  expect(toys.world).toEqual({ [id]: { value: 1 } });
  toys.world = {};
  expect(await toys.up({ refresh: true })).toMatchObject({ changes: { same: 1, create: 1 } });
});

test("a replacement is made before the old one goes, and dependents move over in between", {
  timeout: minute,
}, async () => {
  using toys = await Toys.make('const a = new Thing("a", { key: "1" }); new Thing("b", { value: a.id });');
  await toys.up();
  toys.takeLog();
  toys.program('const a = new Thing("a", { key: "2" }); new Thing("b", { value: a.id });');
  expect(await toys.preview()).toMatchObject({ changes: { replace: 1, update: 1 } });
  expect(await toys.up()).toMatchObject({ changes: { replace: 1, update: 1 } });
  const changes = toys.takeLog().filter((line) => line.startsWith("start"));
  expect(changes).toEqual(["start create a", "start update b", "start delete a"]);
  expect(toys.names).toEqual(["a", "b"]);
  expect(toys.state.resources.filter((one: { delete?: boolean }) => one.delete)).toEqual([]);
});

test("delete before replace takes along only the dependents that would be replaced too", {
  timeout: minute,
}, async () => {
  const program = (key: string) => `
    const a = new Thing("a", { key: "${key}", deleteFirst: true });
    new Thing("keyed", { key: a.id });
    new Thing("valued", { value: a.id });
    new Thing("after", {}, { dependsOn: [a] });
    new Thing("with", {}, { dependsOn: [a], deletedWith: a });
  `;
  using toys = await Toys.make(program("1"));
  await toys.up();
  toys.takeLog();
  toys.program(program("2"));
  expect(await toys.preview()).toMatchObject({ changes: { replace: 3, update: 1, same: 2 } });
  toys.takeLog();
  expect(await toys.up()).toMatchObject({ changes: { replace: 3, update: 1, same: 2 } });
  const changes = toys.takeLog().filter((line) => line.startsWith("start"));
  expect(changes.slice(0, 3)).toEqual(["start delete keyed", "start delete a", "start create a"]);
  expect(changes.slice(3).sort()).toEqual(["start create keyed", "start create with", "start update valued"]);
  expect(await toys.up()).toMatchObject({ changes: { same: 6 } });
});

test("what is deleted with another, or retained, is not deleted by itself", { timeout: minute }, async () => {
  using toys = await Toys.make(`
    const a = new Thing("a", {});
    new Thing("with", {}, { deletedWith: a });
    new Thing("kept", {}, { retainOnDelete: true });
  `);
  await toys.up();
  toys.takeLog();
  await toys.destroy();
  expect(toys.takeLog().filter((line) => line.startsWith("start"))).toEqual(["start delete a"]);
  expect(toys.state.resources).toBeUndefined();
});

test("what is protected is neither deleted nor replaced, and nothing else is deleted either", {
  timeout: minute,
}, async () => {
  using toys = await Toys.make('new Thing("a", { key: "1" }, { protect: true }); new Thing("b", {});');
  await toys.up();
  await expect(toys.destroy()).rejects.toThrow("failed");
  expect(toys.report.complaints).toContain("protected");
  expect(toys.names).toEqual(["a", "b"]);

  toys.program('new Thing("a", { key: "2" }, { protect: true }); new Thing("b", {});');
  await expect(toys.up()).rejects.toThrow("failed");
  expect(toys.names).toEqual(["a", "b"]);

  toys.program('new Thing("a", { key: "2" }); new Thing("b", {});');
  expect(await toys.up()).toMatchObject({ changes: { replace: 1 } });
});

test("an ignored change stays as it was", { timeout: minute }, async () => {
  const program = (value: number) =>
    `new Thing("a", { value: { kept: ${value}, free: 1 } }, { ignoreChanges: ["value.kept"] });`;
  using toys = await Toys.make(program(1));
  await toys.up();
  toys.program(program(2));
  expect(await toys.up()).toMatchObject({ changes: { same: 2 } });
  expect(toys.resource("a").inputs.value).toEqual({ kept: 1, free: 1 });
});

test("a half-made thing is recorded, and taken up again", { timeout: minute }, async () => {
  using toys = await Toys.make('new Thing("a", { fail: "half-create" }); new Thing("b", { milliseconds: 50 });');
  await expect(toys.up()).rejects.toThrow("failed");
  expect(toys.report.complaints).toContain("a: a is only half made");
  expect(toys.resource("a")).toMatchObject({ initErrors: ["a is only half made"], outputs: { half: true } });
  expect(toys.state.pending_operations).toBeUndefined();

  toys.program('new Thing("a", {}); new Thing("b", { milliseconds: 50 });');
  const result = await toys.up();
  expect(result.changes.update).toBe(1);
  expect(toys.resource("a").initErrors).toBeUndefined();
  expect(toys.names).toEqual(["a", "b"]);
});

test("a failure stops what comes after it, lets what runs end, and deletes nothing", { timeout: minute }, async () => {
  using toys = await Toys.make('new Thing("old", {});');
  await toys.up();
  toys.program(`
    const bad = new Thing("bad", { fail: "create" });
    new Thing("slow", { milliseconds: 500 });
    new Thing("after", { value: bad.echo });
  `);
  await expect(toys.up()).rejects.toMatchObject({ exitCode: 1 });
  expect(toys.report.complaints).toBe("bad: the toy was told to fail: create of bad");
  expect(toys.names).toEqual(["old", "slow"]);
  expect(toys.resource("slow").id).toBeDefined();
  expect(toys.resource("bad")).toBeUndefined();
});

test("bad inputs and a program that throws are told once, plainly", { timeout: minute }, async () => {
  using toys = await Toys.make('new Thing("a", { fail: "check" });');
  await expect(toys.preview()).rejects.toThrow("the preview failed");
  expect(toys.report.complaints).toBe("a: fail: a is told to be invalid");

  toys.program('throw new Error("the program is broken");');
  await expect(toys.preview()).rejects.toThrow("failed");
  expect(toys.report.complaints).toContain("the program is broken");
  expect(toys.report.complaints.match(/the program is broken/g)).toHaveLength(1);
});

test("a failing delete keeps the thing and what it needs in the state", { timeout: minute }, async () => {
  using toys = await Toys.make('const a = new Thing("a", {}); new Thing("b", { fail: "delete" }, { dependsOn: [a] });');
  await toys.up();
  await expect(toys.destroy()).rejects.toThrow("failed");
  expect(toys.names).toEqual(["a", "b"]);
  expect(toys.resource("a")).toBeDefined();
  expect(toys.resource("b")).toBeDefined();
});

test.each([
  ["aliases", 'new Thing("a", {}, { aliases: [{ name: "z" }] });'],
  ["import", 'new Thing("a", {}, { import: "x" });'],
  ["transforms", 'new Thing("a", {}, { transforms: [() => undefined] });'],
  ["stack references", 'new pulumi.StackReference("other");'],
  ["invokes", 'export const x = pulumi.runtime.invoke("toy:index:f", {});'],
  ["downloaded providers", 'new pulumi.CustomResource("aws:s3:Bucket", "b", {});'],
  ["dynamic providers", 'new pulumi.dynamic.Resource({ create: async () => ({ id: "1" }) }, "d", {});'],
  ["assets", 'new Thing("a", { value: new pulumi.asset.StringAsset("x") });'],
])("%s are refused by name, with the way to the CLI", { timeout: minute }, async (what, program) => {
  using toys = await Toys.make(program);
  await expect(toys.preview()).rejects.toThrow("failed");
  expect(toys.report.complaints).toContain(`the embedded engine does not do ${what}`);
  expect(toys.report.complaints).toContain("npm i -g pulumi");
  expect(toys.report.complaints.split("\n")).toHaveLength(1);
});

test("an exported state moves to another stack of the same name and changes nothing", { timeout: minute }, async () => {
  using toys = await Toys.make('new Thing("a", { secret: pulumi.secret("s") });');
  await toys.up();
  const exported = await exportStack(toys.target);
  writeFileSync(toys.stateFile, '{"version":3,"checkpoint":{"stack":"organization/toys/local"}}');
  await importStack(toys.target, exported);
  expect(await toys.preview({ expectNoChanges: true })).toMatchObject({ changes: { same: 2 } });
  await expect(importStack({ ...toys.target, stack: "other" }, exported)).rejects.toThrow("is not of stack other");
});
