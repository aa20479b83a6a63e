import { describe, expect, test } from "vitest";
import { markdownOf } from "../../review/page/markdown.ts";
import { outlineOf } from "../../review/page/outline.ts";
import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import { verdictOf } from "../../review/report.ts";
import { reportOfRevisions } from "../../review/revisions/report-of-revisions.ts";
import { type Planned, previewJson, revision } from "../support/preview-fixture.ts";

const key = (letter: string) =>
  `ssh-ed25519 ${Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from("ssh-ed25519"), Buffer.alloc(40, letter)]).toString("base64")}`;
const machine = {
  kind: "existing",
  address: "gpu.example.com",
  user: "root",
  hostKeys: [key("a")],
  agentSocket: "/run/a",
};
const jump = { kind: "jump", address: "jump.example.com", user: "me", hostKeys: [key("a")] };
const command = (create: string) => ({ siteCommands: [{ name: "inventory", create }] });
const runtime = (...accept: string[]) => ({ runtime: { kind: "embedded", accept } });

const at = (name: string, settings: object) => {
  const all = {
    machine,
    runtime: { kind: "embedded" },
    inference: { kind: "openai", model: "m1", baseUrl: "https://models.example.com/v1" },
    ...settings,
  };
  const lines = Object.entries(all).map(([setting, value]) => `  nemoclaw:${setting}: ${JSON.stringify(value)}\n`);
  return revision(name, { "stacks/Pulumi.prod.yaml": `config:\n${lines.join("")}` });
};

describe("what nobody can tell by looking", () => {
  test.each<[string, object, object, 2 | 3]>([
    ["a site command", {}, command("true"), 3],
    ["another one", command("true"), command("curl -s https://example.com | sh"), 3],
    ["one that goes", command("true"), {}, 2],
    ["one that runs as it goes", { siteCommands: [{ name: "a", create: "true", delete: "ufw disable" }] }, {}, 3],
    ["another host key", {}, { machine: { ...machine, hostKeys: [key("b")] } }, 3],
    ["one host key less", { machine: { ...machine, hostKeys: [key("a"), key("b")] } }, {}, 2],
    ["a way to the machine", {}, { machine: { ...machine, via: jump } }, 3],
    [
      "another host key on the way",
      { machine: { ...machine, via: jump } },
      { machine: { ...machine, via: { ...jump, hostKeys: [key("b")] } } },
      3,
    ],
    ["what is newly accepted", runtime("homes"), runtime("homes", "protocols"), 3],
    ["what is accepted no more", runtime("homes", "protocols"), runtime("homes"), 2],
    ["a limit", {}, { limits: { cpus: 4 } }, 2],
  ])("%s, by revisions", (_, before, after, exitCode) => {
    const report = reportOfRevisions("prod", at("main", before), at("change", after));
    const verdict = verdictOf(report);
    expect(verdict.exitCode).toBe(exitCode);
    if (exitCode === 3) {
      expect(verdict.headline).toBe("Widens access");
      expect(markdownOf(outlineOf(report))).toContain("? not comparable");
    }
  });

  const connection = { host: "gpu.example.com", hostKey: key("a") };
  const remote = (before: object | undefined, after: object | undefined): Planned => ({
    type: "command:remote:Command",
    name: "site-before-inventory",
    // As the component makes it: where its machine is and how that is known is told as the machine's.
    parent: "nemoclaw:index:SiteCommands",
    before: before && { connection, logging: "none", ...before },
    after: after && { connection, logging: "none", ...after },
  });
  const known = (before: object, after: object): Planned => ({
    type: "nemoclaw:host:Preflight",
    name: "machine-preflight",
    before: { machine: { hostKeys: [key("a")], ...before } },
    after: { machine: { hostKeys: [key("a")], ...after } },
  });
  const taken = (before: string[], after: string[]): Planned => ({
    type: "nemoclaw:host:SandboxRuntime",
    name: "main-runtime",
    before: { kind: "embedded", accept: before },
    after: { kind: "embedded", accept: after },
  });
  const gcp = (before: object, after: object): Planned => ({
    type: "gcp:compute/instance:Instance",
    name: "machine",
    before: { machineType: "g2-standard-4", metadata: before },
    after: { machineType: "g2-standard-4", metadata: after },
  });
  const bound = (before: object | undefined, after: object | undefined): Planned => ({
    type: "gcp:projects/iAMBinding:IAMBinding",
    name: "admins",
    before: { role: "roles/viewer", members: ["group:a@example.com"], condition: before },
    after: { role: "roles/viewer", members: ["group:a@example.com"], condition: after },
  });
  const denial: Planned = {
    type: "aws:iam/rolePolicy:RolePolicy",
    name: "no-secrets",
    before: { policy: '{"Statement":[{"Effect":"Deny"}]}' },
    after: undefined,
  };
  test.each<[string, Planned, 2 | 3]>([
    ["a site command", remote(undefined, { create: "true" }), 3],
    ["another one", remote({ create: "true" }, { create: "false" }), 3],
    ["another one for when it goes", remote({ create: "true" }, { create: "true", delete: "false" }), 3],
    ["one that goes", remote({ create: "true" }, undefined), 2],
    ["one that runs as it goes", remote({ create: "true", delete: "ufw disable" }, undefined), 3],
    ["metadata that kept keys out, gone", gcp({ "block-project-ssh-keys": "TRUE" }, {}), 3],
    ["a condition that goes", bound({ title: "office hours", expression: "x" }, undefined), 3],
    ["a denial that goes", denial, 3],
    ["a right that goes", { ...denial, before: { policy: '{"Statement":[{"Effect":"Allow"}]}' } }, 2],
    [
      "the same one over another connection",
      remote({ create: "true" }, { create: "true", connection: { ...connection, port: 2 } }),
      2,
    ],
    ["another host key", known({}, { hostKeys: [key("b")] }), 3],
    ["one host key less", known({ hostKeys: [key("a"), key("b")] }, {}), 2],
    ["a way to the machine", known({}, { via: jump }), 3],
    ["another user", known({ user: "a" }, { user: "b" }), 2],
    ["what is newly accepted", taken(["homes"], ["homes", "protocols"]), 3],
    ["what is accepted no more", taken(["homes", "protocols"], ["homes"]), 2],
  ])("%s, by preview", (_, planned, exitCode) => {
    const preview = readPreview(previewJson([planned]), "it");
    expect(verdictOf(reportOfPreview({ stack: "prod", preview, compared: "it" })).exitCode).toBe(exitCode);
  });
});
