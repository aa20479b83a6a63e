import { describe, expect, test } from "vitest";
import { combine } from "../../review/combine.ts";
import { htmlOf } from "../../review/page/html.ts";
import { markdownOf } from "../../review/page/markdown.ts";
import { outlineOf } from "../../review/page/outline.ts";
import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import { verdictOf } from "../../review/report.ts";
import { reportOfRevisions } from "../../review/revisions/report-of-revisions.ts";
import { block, network, type Planned, previewJson, revision, route } from "../support/preview-fixture.ts";
import { someAuthorities } from "../support/some-authorities.ts";

type Files = Record<string, string>;
const own = (access: string) => ({
  "own.yaml": `version: 1\nnetwork_policies: { a: { endpoints: [{ host: a.example.com, port: 443, protocol: rest, access: ${access} }], binaries: [{ path: /** }] } }\n`,
});
const settings = (more: Record<string, string> = {}): Files => {
  const all = {
    machine: "{ kind: local }",
    runtime: "{ kind: embedded }",
    policy: "{ file: own.yaml }",
    inference: '{ kind: openai, baseUrl: "https://models.example.com/v1", model: m1 }',
    ...more,
  };
  const lines = Object.entries(all).map(([name, value]) => `  nemoclaw:${name}: ${value}\n`);
  return { "stacks/Pulumi.prod.yaml": `config:\n${lines.join("")}` };
};
function both(planned: Planned[], after: Files, before: Files = {}) {
  const all = { ...settings(), ...own("read-only"), "a.pem": someAuthorities.a };
  const revisions = reportOfRevisions(
    "prod",
    revision("main", { ...all, ...before }),
    revision("change", { ...all, ...after }),
  );
  const preview = readPreview(previewJson(planned), "a preview");
  return combine(reportOfPreview({ stack: "prod", preview, compared: "it" }), revisions);
}
const [api, evil] = ["api", "evil"].map((name) => ({ [name]: block(`${name}.example.com`, { access: "full" }) }));
const changes = [network({}, { ...api })];

describe("a preview that shows nothing of what the revisions beside it change", () => {
  const model = settings({ inference: '{ kind: openai, baseUrl: "https://models.example.com/v1", model: m2 }' });
  const trusting = settings({ mirrors: "{ ca: a.pem }" });

  test.each<[string, Files, string[]]>([
    ["access", own("full"), ["access of the agent"]],
    ["less access", { "own.yaml": "version: 1\n" }, ["access of the agent"]],
    ["a model", model, ["the model or where it is"]],
    [
      "an authority, which makes a local machine anew",
      trusting,
      ["whom the machine trusts", "something that is replaced or made anew"],
    ],
  ])("is no clean bill: %s", (_, after, unshown) => {
    const report = both([], after);
    expect(report.unshown).toEqual(unshown);
    expect(verdictOf(report)).toEqual({
      exitCode: 2,
      headline: "The preview shows nothing of what the revisions change",
    });
    const outline = outlineOf(report);
    const said = `the revisions change ${unshown.join(", ")}; the preview shows nothing of it`;
    for (const text of [markdownOf(outline), htmlOf(outline)]) {
      expect(text).toContain(said);
      expect(text).not.toMatch(/✅|Nothing changes/);
    }
  });

  test("is told of access where the preview only undoes drift", () => {
    const report = both([network({ ...api, ...evil }, { ...api }, { ...api })], own("full"));
    expect(report.unshown).toEqual(["access of the agent"]);
    expect(verdictOf(report).headline).toContain("does not show all that the revisions change");
  });

  describe("is told of what is replaced or goes", () => {
    const kind = "kind: aws, region: eu-central-1, zone: eu-central-1a, instanceType: g5.xlarge, access: { kind: ssm }";
    const machine = (image: string) => settings({ machine: `{ ${kind}, image: { id: ${image} } }` });
    const telegram = { telegram: "{ chats: [4711] }", telegramToken: "{ secure: v1:a }" };
    const state = (more: Record<string, unknown>) => ({ chats: [4711], token: "[secret]", ...more });
    const bridge = { type: "nemoclaw:host:TelegramBridge", name: "telegram" };
    const restarted = { ...bridge, before: state({ running: false }), after: state({ running: true }) };
    const instance = { type: "aws:ec2/instance:Instance", name: "machine" };
    const newImage = { ...instance, before: { ami: "ami-1" }, after: { ami: "ami-2" }, replace: ["ami"] };
    const [images, bridges] = [
      [machine("ami-0123456789abcdef0"), machine("ami-0123456789abcdef1")],
      [settings(telegram), settings()],
    ] as const;
    const told = ["something that is replaced or made anew"];

    test.each<[string, Planned[], readonly [Files, Files], string[]]>([
      ["a machine, where the preview restarts a bridge", [{ ...restarted, recorded: restarted.after }], images, told],
      ["a bridge, where the preview restarts it", [{ ...restarted, recorded: restarted.after }], bridges, told],
      ["a machine, where the preview ends a bridge", [{ ...bridge, before: restarted.after }], images, told],
      ["not a bridge whose machine the preview replaces", [newImage], bridges, []],
      ["not a machine that the preview replaces", [newImage], images, []],
      ["not a bridge that the preview ends", [{ ...bridge, before: restarted.after }], bridges, []],
    ])("%s", (_, planned, [before, after], unshown) => {
      const report = both(planned, after, before);
      expect(report.unshown).toEqual(unshown);
      if (unshown.length > 0)
        expect(verdictOf(report).headline).toMatch(/; does not show all that the revisions change$/);
    });
  });

  test("is not told of access that was opened by hand before, which the preview tells as gained", () => {
    const report = both([network({ ...api }, { ...api }, {})], own("full"));
    expect(report.unshown).toEqual([]);
    expect(verdictOf(report)).toMatchObject({ exitCode: 3 });
  });

  test("is told beside what it does show", () => {
    expect(verdictOf(both([route({ model: "a" }, { model: "b" })], own("full")))).toEqual({
      exitCode: 2,
      headline: "Changes, none of which widens access; does not show all that the revisions change",
    });
  });

  test.each<[string, Planned[], Files]>([
    ["nothing at all", [], {}],
    ["what the preview shows, too", changes, own("full")],
    ["what a preview never shows", [], { "nemoclaw.lock.json": '{"version":1}' }],
    ["a file that no revision has", [], settings({ mirrors: "{ ca: /etc/ssl/site.pem }" })],
  ])("is not said of %s", (_, planned, after) => {
    const before = "stacks/Pulumi.prod.yaml" in after ? after : {};
    expect(both(planned, after, before).unshown).toEqual([]);
  });

  test("nor where the older revision could not be taken", () => {
    expect(both([], {}, settings({ runtime: "{ kind: opnshell }" })).unshown).toEqual([]);
  });
});
