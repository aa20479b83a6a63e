import { describe, expect, test } from "vitest";
import { combine } from "../../review/combine.ts";
import { htmlOf } from "../../review/page/html.ts";
import { markdownOf } from "../../review/page/markdown.ts";
import { outlineOf } from "../../review/page/outline.ts";
import { verdictOf } from "../../review/report.ts";
import { reportOfRevisions } from "../../review/revisions/report-of-revisions.ts";
import { type Planned, revision } from "../support/preview-fixture.ts";
import { reviewed } from "../support/reviewed.ts";

type Inputs = Record<string, unknown>;
const usual = { region: "eu-central-1", skipCredentialsValidation: "false", skipRegionValidation: "true" };
const provider = (before: Inputs | undefined, after: Inputs | undefined, name = "machine-aws"): Planned => ({
  type: "pulumi:providers:aws",
  name,
  before: before && { ...usual, ...before },
  after: after && { ...usual, ...after },
});
const evil = '[{"ec2":"https://evil.example"}]';

describe("a provider, by preview", () => {
  test.each<[string, Planned[], 0 | 2 | 3]>([
    ["with another endpoint", [provider({}, { endpoints: evil })], 3],
    ["with a role that it takes on", [provider({}, { assumeRoles: '[{"roleArn":"arn:x"}]' })], 3],
    ["with other files of credentials", [provider({}, { sharedCredentialsFiles: '["/tmp/c"]' })], 3],
    ["of another region", [provider({}, { region: "us-east-1" })], 3],
    ["that no longer refuses other accounts", [provider({ allowedAccountIds: '["1"]' }, {})], 3],
    ["of which the preview shows no difference", [provider({ secretKey: "[secret]" }, { secretKey: "[secret]" })], 3],
    [
      "of which a secret changes beside its version",
      [
        {
          ...provider({ version: "7.1.0", secretKey: "[secret]" }, { version: "7.2.0", secretKey: "[secret]" }),
          diffReasons: ["version", "secretKey"],
        },
      ],
      3,
    ],
    ["with other tags for all", [provider({ defaultTags: '{"tags":{}}' }, { defaultTags: '{"tags":{"a":"b"}}' })], 2],
    ["of another version", [provider({ version: "7.1.0" }, { version: "7.2.0" })], 2],
    [
      "that comes by default, of another version",
      [
        provider({ version: "7.1.0" }, undefined, "default_7_1_0"),
        provider(undefined, { version: "7.2.0", __internal: {} }, "default_7_2_0"),
      ],
      2,
    ],
    [
      "that comes by default, of another version and region",
      [
        provider({ version: "7.1.0" }, undefined, "default_7_1_0"),
        provider(undefined, { version: "7.2.0", region: "us-east-1" }, "default_7_2_0"),
      ],
      3,
    ],
    ["that is new, as the components make it", [provider(undefined, { defaultTags: '{"tags":{}}' })], 2],
    ["that is new, with an endpoint", [provider(undefined, { endpoints: evil })], 3],
    ["that is new, and checks no credentials", [provider(undefined, { skipCredentialsValidation: "true" })], 3],
    ["that goes", [provider({}, undefined)], 2],
  ])("%s", (_, planned, exitCode) => {
    const report = reviewed(...planned);
    expect(verdictOf(report).exitCode).toBe(exitCode);
    expect(report.resources).toEqual([]);
  });

  test("is told with what it had and has, and which release", () => {
    const report = reviewed(provider({ version: "7.1.0" }, { version: "7.2.0", endpoints: evil }));
    expect(report.versions).toEqual([{ what: "provider aws machine-aws", before: "7.1.0", after: "7.2.0" }]);
    expect(report.settings).toMatchObject([
      { what: "endpoints of provider aws machine-aws", before: undefined, after: evil, effect: "unclear" },
    ]);
    for (const text of [markdownOf(outlineOf(report)), htmlOf(outlineOf(report))])
      expect(text).toContain("evil.example");
  });
});

describe("a setting of a provider, by revisions", () => {
  const at = (name: string, ...lines: string[]) =>
    revision(name, {
      "stacks/Pulumi.prod.yaml": `config:
  nemoclaw:machine: { kind: local }
  nemoclaw:runtime: { kind: embedded }
  nemoclaw:inference: { kind: openai, baseUrl: "https://models.example.com/v1", model: m1 }
${lines.map((line) => `  ${line}\n`).join("")}`,
    });
  test.each<[string, string[], string[], string[]]>([
    ["is new", [], ["aws:endpoints: [{ ec2: PLAIN }]"], ["aws:endpoints"]],
    ["is another one", ["gcp:credentials: PLAIN"], ["gcp:credentials: OTHER"], ["gcp:credentials"]],
    ["is gone", ["aws:allowedAccountIds: [PLAIN]"], [], ["aws:allowedAccountIds"]],
    ["of Pulumi itself", [], ["pulumi:disable-default-providers: ['*']"], ["pulumi:disable-default-providers"]],
    ["written in its other form", [], ["aws:config:profile: PLAIN"], ["aws:profile"]],
  ])("%s", (_, before, after, names) => {
    const report = reportOfRevisions("prod", at("main", ...before), at("change", ...after));
    expect(report.settings.map(({ what, effect }) => [what, effect])).toEqual(names.map((name) => [name, "unclear"]));
    expect(verdictOf(report).exitCode).toBe(3);
    expect(htmlOf(outlineOf(report))).not.toContain("PLAIN");
    // A preview of the CLI's shows nothing of it.
    expect(verdictOf(combine(reviewed(), report)).exitCode).toBe(3);
  });

  test.each<[string, string[], string[], 0 | 2]>([
    ["where the machine stands", ["aws:region: a", "gcp:zone: a"], ["aws:region: b", "gcp:zone: b"], 2],
    ["a secret of the site's own", ["site:token: { secure: a }"], ["site:token: { secure: b }"], 2],
    ["what stays", ["aws:profile: a"], ["aws:profile: a"], 0],
  ])("is not %s", (_, before, after, exitCode) => {
    const report = reportOfRevisions("prod", at("main", ...before), at("change", ...after));
    expect(verdictOf(report).exitCode).toBe(exitCode);
  });
});
