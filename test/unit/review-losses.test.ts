import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { handlers } from "../../provider/handlers/index.ts";
import { outlineOf } from "../../review/page/outline.ts";
import { lossOf } from "../../review/preview/losses.ts";
import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import { type Report, verdictOf } from "../../review/report.ts";
import { reportOfRevisions } from "../../review/revisions/report-of-revisions.ts";
import { previewJson, revision } from "../support/preview-fixture.ts";

const goldens = new URL("../golden/", import.meta.url);
const graphs = readdirSync(goldens).filter((name) => name.endsWith(".yaml"));
const ofClouds = graphs.flatMap((name) =>
  [...readFileSync(new URL(name, goldens), "utf8").matchAll(/^\S+ \(((?:aws|gcp):[^)]+)\):$/gm)].map(
    ([, type = ""]) => type,
  ),
);
const types = [...new Set([...handlers.map(({ type }) => type), ...ofClouds, "command:remote:Command"])].sort();

describe("what is lost with a resource that goes", () => {
  test("is known of every type that the components make, and only some hold anything", () => {
    expect(types).toEqual(expect.arrayContaining(["aws:ec2/eip:Eip", "gcp:serviceaccount/account:Account"]));
    expect(types.filter((type) => lossOf(type, undefined) === "whatever it holds")).toEqual([]);
    expect(types.filter((type) => lossOf(type, undefined) !== undefined)).toEqual([
      "aws:ebs/volume:Volume",
      "aws:ec2/instance:Instance",
      "gcp:compute/disk:Disk",
      "gcp:compute/instance:Instance",
      "nemoclaw:host:Sandbox",
      "nemoclaw:host:TelegramBridge",
      "nemoclaw:host:Workspace",
      "nemoclaw:index:SshKeyPair",
      "nemoclaw:local:Machine",
    ]);
  });

  test.each<[string, 2 | 4]>([
    ["gcp:iap/tunnelInstanceIAMMember:TunnelInstanceIAMMember", 2],
    ["aws:ec2/eip:Eip", 2],
    ["command:remote:Command", 2],
    ["nemoclaw:host:NvidiaGpu", 2],
    ["gcp:compute/disk:Disk", 4],
    ["aws:s3/bucket:Bucket", 4],
    ["azure:storage/account:Account", 4],
  ])("%s: its deletion ends with %i", (type, exitCode) => {
    const preview = readPreview(previewJson([{ type, name: "one", before: { connection: {} } }]), "it");
    expect(verdictOf(reportOfPreview({ stack: "prod", preview, compared: "it" })).exitCode).toBe(exitCode);
  });

  test("with a Telegram bridge is told alike by preview and by revisions", () => {
    const at = (name: string, telegram = "") =>
      revision(name, {
        "stacks/Pulumi.prod.yaml": `config:
  nemoclaw:machine: { kind: local }
  nemoclaw:runtime: { kind: embedded }
  nemoclaw:inference: { kind: openai, baseUrl: "https://models.example.com/v1", model: m1 }
  nemoclaw:telegramToken: { secure: v1:a }
${telegram}`,
      });
    const before = at("main", "  nemoclaw:telegram: { chats: [1] }\n");
    const gone = { type: "nemoclaw:host:TelegramBridge", name: "telegram", before: { chats: [1] } };
    const preview = readPreview(previewJson([gone]), "it");
    const reports = [
      reportOfRevisions("prod", before, at("change")),
      reportOfPreview({ stack: "prod", preview, compared: "it" }),
    ];
    for (const report of reports) {
      expect(verdictOf(report).exitCode).toBe(4);
      const [row = []] = outlineOf(report).sections[0]?.tables[0]?.rows ?? [];
      expect(row[0]).toBe("IS DELETED");
      expect([row[1]].flat()[0]).toMatch(/^Telegram bridge/);
      expect(row[2]).toBe("messages that are not answered yet");
    }
    expect(outlineOf(reports[0] as Report).sections[0]?.short).toBe("1 to delete, by what the settings say");
  });
});
