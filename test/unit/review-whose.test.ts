import { expect, test } from "vitest";
import { markdownOf } from "../../review/page/markdown.ts";
import { outlineOf } from "../../review/page/outline.ts";
import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import type { Report } from "../../review/report.ts";
import { type Planned, previewJson } from "../support/preview-fixture.ts";
import { reviewed } from "../support/reviewed.ts";

// A stack may have several sandboxes, and what one gains another may lose; and a host may have many paths.

const block = (host: string) => ({
  endpoints: [{ host, port: 443, protocol: "rest", enforcement: "enforce", access: "full" }],
  binaries: [{ path: "/**" }],
});

function policy(sandbox: string, before: object, after: object): Planned {
  const inputs = (networkPolicies: object) => ({ sandbox, runtime: "embedded", inForce: true, networkPolicies });
  return {
    type: "nemoclaw:host:NetworkPolicy",
    name: `${sandbox}-network`,
    before: inputs(before),
    after: inputs(after),
  };
}

function bridge(sandbox: string, before: number[], after: number[]): Planned {
  const inputs = (chats: number[]) => ({ sandbox, chats });
  return {
    type: "nemoclaw:host:TelegramBridge",
    name: `${sandbox}-bridge`,
    before: inputs(before),
    after: inputs(after),
  };
}

function route(sandbox: string, before: string, after: string): Planned {
  const inputs = (model: string) => ({ sandbox, model, baseUrl: "https://x/v1" });
  return {
    type: "nemoclaw:host:InferenceRoute",
    name: `${sandbox}-route`,
    before: inputs(before),
    after: inputs(after),
  };
}

const bank = { bank: block("bank.example.com") };

test("what changes places between two sandboxes is told with whose it is", () => {
  const report = reviewed(
    policy("intern", bank, {}),
    policy("public", {}, bank),
    bridge("intern", [1], [2]),
    bridge("public", [2], [1]),
    route("intern", "a", "b"),
    route("public", "b", "a"),
  );
  expect(report.access.map(({ effect, of }) => [effect, of])).toEqual([
    ["narrows", "intern-network"],
    ["widens", "public-network"],
  ]);
  expect(report.exposure.map(({ of, before, after }) => [of, before, after])).toEqual([
    ["intern-bridge", undefined, "2"],
    ["intern-bridge", "1", undefined],
    ["public-bridge", undefined, "1"],
    ["public-bridge", "2", undefined],
  ]);
  expect(report.model.map(({ of, before, after }) => [of, before, after])).toEqual([
    ["intern-route", "a", "b"],
    ["public-route", "b", "a"],
  ]);
  const page = markdownOf(outlineOf(report));
  expect(page).toMatch(/loses \| <code>intern-network<\/code> \|.*bank\.example\.com/);
  expect(page).toMatch(/gains \| <code>public-network<\/code> \|.*bank\.example\.com/);
  expect(page).toContain("| Telegram chat of <code>public-bridge</code> | none | <code>1</code> |");
  expect(page).toContain("| model of <code>intern-route</code> | <code>a</code> | <code>b</code> |");
});

test("what is made anew or set up anew is told with whose it is", () => {
  const [one, other] = [`${"a1".repeat(6)} ${"b1".repeat(6)}`, `${"a1".repeat(6)} ${"b2".repeat(6)}`] as const;
  const defined = (kind: string, sandbox: string, before: string, after: string): Planned => {
    const inputs = (definition: string) => ({ sandbox, runtime: "openshell", definition });
    const type = `nemoclaw:host:${kind}`;
    return { type, name: `${sandbox}-${kind}`, before: inputs(before), after: inputs(after) };
  };
  const versions = (report: Report) => report.versions.map(({ what, of, note }) => [what, of, note]);
  const [made, setUp] = ["it is made anew", "its service is set up anew"].map((note) => expect.stringContaining(note));
  const changed = [defined("Sandbox", "intern", one, other), defined("TelegramBridge", "intern", one, other)];
  const standing = [defined("Sandbox", "public", one, one), defined("TelegramBridge", "public", one, one)];
  expect(versions(reviewed(...changed, ...standing))).toEqual([
    ["sandbox", "intern-Sandbox", made],
    ["Telegram bridge", "intern-TelegramBridge", setUp],
  ]);
  expect(versions(reviewed(...changed)).map(([, of]) => of)).toEqual([undefined, undefined]);
});

test("so are the sizes of machines, and whom a runtime trusts", () => {
  const machine = (name: string, before: string, after: string): Planned => ({
    ...{ type: "aws:ec2/instance:Instance", name },
    ...{ before: { instanceType: before }, after: { instanceType: after } },
  });
  const runtime = (name: string, before: string, after: string): Planned => ({
    ...{ type: "nemoclaw:host:SandboxRuntime", name },
    ...{ before: { mirrors: { ca: before } }, after: { mirrors: { ca: after } } },
  });
  const { versions, trust } = reviewed(
    machine("first", "small", "large"),
    machine("second", "large", "small"),
    runtime("intern", "1", "2"),
    runtime("public", "2", "1"),
  );
  expect(versions.map(({ what, of, after }) => [what, of, after])).toEqual([
    ["machine size", "first", "large"],
    ["machine size", "second", "small"],
  ]);
  expect(new Set(trust.map(({ of }) => of))).toEqual(new Set(["intern", "public"]));
});

test("so is access that drifted, whether an update keeps it or not", () => {
  const other = { other: block("other.example.com") };
  const { driftAccess } = reviewed(
    { ...policy("intern", { ...bank, ...other }, bank), recorded: policy("intern", {}, {}).before },
    policy("public", bank, bank),
  );
  expect(driftAccess.map(({ where, of, kept }) => [where, of, kept])).toEqual([
    ["bank.example.com:443", "intern-network", true],
    ["other.example.com:443", "intern-network", false],
  ]);
});

test("one that the state alone tells of counts among them", () => {
  const preview = readPreview(previewJson([route("intern", "a", "b")]), "it");
  const type = "nemoclaw:host:InferenceRoute";
  const recorded = new Map([[`urn:pulumi:prod::nemoclaw::${type}::public-route`, { type, inputs: {} }]]);
  const { model } = reportOfPreview({ stack: "prod", preview, recorded, compared: "it" });
  expect(model).toMatchObject([{ what: "model", of: "intern-route" }]);
});

test("one that stays counts among them, too", () => {
  const { model } = reviewed(route("intern", "a", "b"), route("public", "b", "b"));
  expect(model).toMatchObject([{ what: "model", of: "intern-route" }]);
});

test("with one sandbox nobody asks whose it is", () => {
  const report = reviewed(policy("main", bank, {}), bridge("main", [1], [2]), route("main", "a", "b"));
  expect([...report.access, ...report.exposure, ...report.model].filter(({ of }) => of !== undefined)).toEqual([]);
  expect(markdownOf(outlineOf(report))).toContain("| model | <code>a</code> | <code>b</code> |");
});

test.each([
  [5, 5],
  [6, 1],
  [300, 5],
])("of %i paths of one host that differ in nothing else, %i rows are made, and none is cut off", (paths, rows) => {
  const rules = Array.from({ length: paths }, (_, at) => ({ allow: { method: "POST", path: `/bot/do${at}` } }));
  const [endpoint] = block("bank.example.com").endpoints;
  const { access: _, ...bare } = endpoint ?? {};
  const bot = { bot: { ...block("bank.example.com"), endpoints: [{ ...bare, rules }] } };
  const page = markdownOf(outlineOf(reviewed(policy("main", {}, bot))));
  const told = page.split("\n").filter((line) => line.includes("gains |") && line.includes("/bot/do"));
  expect(told).toHaveLength(rows);
  for (let at = 0; at < paths; at++) expect(told.join()).toContain(`POST /bot/do${at}<`);
  expect(page).toContain(`${paths} gained, 0 lost`);
});

test("paths are drawn together though the note on each names its own", () => {
  const access = { host: "bank.example.com", port: 443, protocol: "rest", enforcement: "enforce" };
  const bank = (more: object) => ({ bank: { ...block("x"), endpoints: [{ ...access, ...more }] } });
  const before = bank({
    rules: [{ allow: { method: "GET", path: "/api/**" } }],
    deny_rules: [{ method: "*", path: "/api/**/hooks" }],
  });
  const after = bank({ rules: "abcdefg".split("").map((at) => ({ allow: { method: "GET", path: `/api/${at}/*` } })) });
  const page = markdownOf(outlineOf(reviewed(policy("main", before, after))));
  const told = page.split("\n").filter((line) => line.includes("gains |"));
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(/<code>GET \/api\/a\/&#42;<\/code>, .*<code>GET \/api\/g\/&#42;<\/code>/);
  expect(told[0]).toContain("other requests of each path are decided as before");
});
