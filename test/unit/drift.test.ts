import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { adoptionsOf, toPaste } from "../../review/drift/adopt.ts";
import { adoptInto } from "../../review/drift/adopt-into.ts";
import { recordedIn } from "../../review/drift/drift.ts";
import { markdownOf } from "../../review/page/markdown.ts";
import { outlineOf } from "../../review/page/outline.ts";
import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import { resourceChanges } from "../../review/preview/resource-changes.ts";
import { block, network, type Planned, presetBlocks, previewJson, route } from "../support/preview-fixture.ts";
import { SmallClone } from "../support/small-clone.ts";

const api = "api.example.com";
const folder = mkdtempSync(join(tmpdir(), "nemoclaw-drift-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function adoptions(...planned: Planned[]) {
  const preview = readPreview(previewJson(planned), "a preview");
  return adoptionsOf(resourceChanges(preview), recordedIn(preview));
}

const opened = network(
  { a: block(api, { access: "full" }) },
  { a: block(api, { access: "read-only" }) },
  { a: block(api, { access: "read-only" }) },
);
const switched = { ...route({ model: "found" }, { model: "wanted" }), recorded: route({ model: "wanted" }, {}).before };

describe("adopting", () => {
  test("a rule and a model are taken into the files, whose comments stay", () => {
    const found = adoptions(opened, switched);
    expect(found.left).toEqual([]);
    expect(toPaste(found.adoptions).map(({ into }) => into)).toEqual(["policy", "stack"]);
    const stack = "# ours\nconfig:\n  nemoclaw:inference: { kind: nvidia, model: wanted } # why\n";
    expect(adoptInto(stack, "stack", found.adoptions, "stack.yaml")).toBe(stack.replace("wanted", "found"));
    const policy = adoptInto("# mine\nversion: 1\n", "policy", found.adoptions, "mine.yaml");
    expect(policy).toMatch(/^# mine\nversion: 1\n/);
    expect(policy).toContain("access: full");
    expect(adoptInto("", "policy", found.adoptions, "new.yaml")).toContain("version: 1");
  });

  test("a block that is gone is removed, and one of a preset is left to a person", () => {
    const gone = adoptions(network({}, { a: block(api, { access: "full" }) }, { a: block(api, { access: "full" }) }));
    expect(toPaste(gone.adoptions)[0]?.yaml).toBe("# remove network_policies.a\n");
    expect(adoptInto(`version: 1\nnetwork_policies: {}\n`, "policy", gone.adoptions, "mine.yaml")).not.toContain(api);
    const preset = adoptions(network({}, presetBlocks("npm"), presetBlocks("npm")));
    expect(preset).toMatchObject({ adoptions: [], left: [expect.stringContaining("preset npm")] });
  });

  describe("what the code itself has changed since", () => {
    const rules = (...all: string[]) => {
      const allowed = all.map((one) => one.split(" ")).map(([method, path]) => ({ allow: { method, path } }));
      return { a: block(api, { rules: allowed }) };
    };
    const [was, found] = [rules("GET /status", "GET /v1/**"), rules("GET /status", "GET /v1/**", "POST /v1/items")];
    const merged = (name: string) => [expect.stringMatching(`^${name}: the code has changed it since.*merge by hand`)];

    test.each<[string, Planned]>([
      ["a rule fewer", network(found, rules("GET /status"), was)],
      ["a rule more", network(found, rules("GET /status", "GET /v1/**", "GET /v2/**"), was)],
      ["no such block any more", network(found, {}, was)],
      ["the block, which was removed by hand", network({}, rules("GET /status"), was)],
      ["another block of the name of one made by hand", network(found, rules("GET /status"), {})],
    ])("is left to a person: %s", (_, planned) =>
      expect(adoptions(planned)).toEqual({ adoptions: [], left: merged("block a") }),
    );

    test.each(["model", "baseUrl"])("is left to a person: its %s", (field) => {
      const planned = { ...route({ [field]: "f" }, { [field]: "w" }), recorded: route({ [field]: "k" }, {}).before };
      expect(adoptions(planned)).toEqual({ adoptions: [], left: merged(`the inference route's ${field}`) });
    });

    test("is done already where the code says what was found, beside what it does not", () => {
      const other = { b: block("b.example.com", { access: "full" }) };
      const some = adoptions(network({ ...found, ...other }, found, was));
      expect(some).toMatchObject({ adoptions: [{ path: ["network_policies", "b"] }], left: [] });
    });

    test("and a policy that it no longer has takes nothing", () => {
      const { after: _, ...gone } = network(found, {}, was);
      expect(adoptions(gone)).toEqual({
        adoptions: [],
        left: ["main-network: the code no longer has it; an update removes it"],
      });
    });
  });

  test.each([
    ["model", "none"],
    ["baseUrl", "none"],
    ["baseUrl", "changed at the gateway"],
    ["baseUrl", "unknown"],
    ["baseUrl", "http://models.example.com/v1"],
  ])("a %s that a look has as %s is no setting", (field, found) => {
    const known = { model: "m", baseUrl: "https://models.example.com/v1" };
    const planned = { ...route({ ...known, [field]: found }, known), recorded: route(known, {}).before };
    expect(adoptions(planned)).toEqual({
      adoptions: [],
      left: [`the inference route's ${field}: ${found} cannot be a setting; restore it`],
    });
  });

  test("of several sandboxes nothing goes into the one place that settings have; the others of one kind do", () => {
    const shut = { a: block(api, { access: "read-only" }) };
    const second = { ...network(shut, shut, shut), name: "second-network" };
    const { adoptions: found, left } = adoptions(opened, second, switched);
    expect(found.map(({ into }) => into)).toEqual(["stack"]);
    expect(left).toEqual([
      "main-network: the stack has several of these, and its settings one place; write it where your program has it",
    ]);
  });

  test("a policy file that could not be read removes no block", () => {
    const was = { a: block("a.example.com", { access: "full" }) };
    const unread = network({ unreadable: "the file on the machine is not JSON" }, was, was);
    expect(adoptions(unread)).toEqual({
      adoptions: [],
      left: ["the network policy: what was found is no policy; restore it"],
    });
  });

  test("what is gone, and what is no policy, cannot be adopted", () => {
    const { before, ...created } = network({}, presetBlocks("npm"));
    expect(adoptions({ ...created, recorded: before }).left).toEqual([
      "main-network is gone; only an update brings it back",
    ]);
    const nonsense = [{ into: "policy", path: ["network_policies", "a"], value: { endpoints: 1 } }] as const;
    expect(() => adoptInto("version: 1\n", "policy", nonsense, "mine.yaml")).toThrow(/mine.yaml/);
  });
});

describe("scripts/drift", () => {
  const run = (text: string, ...args: string[]) => {
    const file = join(folder, "preview.json");
    writeFileSync(file, text);
    return spawnSync(process.execPath, ["scripts/drift.ts", "-s", "prod", "--preview", file, ...args], {
      cwd: resolve(import.meta.dirname, "../.."),
      encoding: "utf8",
    });
  };

  test("ends with 2, reports what was found, and offers both ways", () => {
    const found = run(previewJson([opened, switched]));
    expect(found.status).toBe(2);
    expect(found.stdout).toMatch(/the agent has more access than the code says/);
    expect(found.stdout).toMatch(/To adopt it.*\n\n```yaml/);
    expect(found.stdout).toContain("scripts/pulumi up --refresh -s prod");
    expect(JSON.parse(run(previewJson([opened]), "--json").stdout)).toMatchObject({
      stack: "prod",
      drift: [{ name: "main-network" }],
    });
  });

  test("of what an update leaves so it says no way to have that undone", () => {
    const inputs = { vpcId: "v" };
    const open = { fromPort: 22, toPort: 22, protocol: "tcp", cidrBlocks: ["0.0.0.0/0"] };
    const group = { type: "aws:ec2/securityGroup:SecurityGroup", name: "group", before: inputs, after: inputs };
    const found = run(previewJson([{ ...group, seen: { ingress: [open] } }]));
    expect(found.status).toBe(2);
    expect(found.stdout).toMatch(/group.*0\.0\.0\.0\/0 to port 22.*leaves it so[\s\S]*taken away where it was made/);
    expect(found.stdout).not.toContain("scripts/pulumi up");
  });

  test("what an agent asks for and is given without a person is more access", () => {
    const same = network({}, {}, {});
    const [by, without] = ["manual", "auto"].map((approval) => ({ ...same.before, approval }));
    const found = { ...same, recorded: by, before: without, after: by };
    const preview = readPreview(previewJson([found]), "a preview");
    const report = reportOfPreview({ stack: "prod", preview, compared: "" });
    expect(report.driftAccess).toMatchObject([
      { effect: "widens", what: "approval", note: "what the agent asks for is approved: manual, then auto" },
    ]);
    expect(report.access).toMatchObject([{ effect: "narrows", what: "approval" }]);
    expect(run(previewJson([found])).stdout).toMatch(/the agent has more access than the code says/);
    expect(run(previewJson([{ ...same, recorded: by, before: by, after: by }])).stdout).toMatch(/No drift/);
  });

  test("--out writes the comment and the page as well", () => {
    const out = join(folder, "found");
    const found = run(previewJson([opened]), "--out", out);
    expect(found.status).toBe(2);
    expect(readFileSync(join(out, "drift.md"), "utf8")).toMatch(
      /^<!-- nemoclaw-review Drift of prod[\s\S]*main-network/,
    );
    expect(readFileSync(join(out, "drift.html"), "utf8")).toMatch(/^<!doctype html>[\s\S]*main-network/);
  });

  test("names what the preview does not show, as text and as JSON", () => {
    const vpc = { vpcId: "v" };
    const group = { type: "aws:ec2/securityGroup:SecurityGroup", name: "group", before: vpc, after: vpc };
    const [text, json] = [run(previewJson([group])), run(previewJson([group]), "--json")];
    expect([text.status, text.stdout]).toEqual([0, expect.stringMatching(/What was found of group .* does not show/)]);
    expect([json.status, JSON.parse(json.stdout)]).toMatchObject([0, { drift: [], unseen: ["group"] }]);
  });

  describe("what a refresh has found gone since the last update", () => {
    const { before: _, ...bridge } = { ...route({}, {}), type: "nemoclaw:host:TelegramBridge", name: "telegram" };

    test("is drift, and only an update brings it back", () => {
      const text = previewJson([opened, bridge], {}, "main-network, telegram");
      const seen = run(text, "--json");
      expect(seen.status).toBe(2);
      expect(JSON.parse(seen.stdout)).toMatchObject({
        drift: [{ name: "main-network" }, { name: "telegram", label: "Telegram bridge", gone: true, values: [] }],
        left: ["telegram is gone; only an update brings it back"],
      });
      expect(run(text).stdout).toMatch(/1 of them gone[\s\S]*Telegram bridge .*telegram.*is not there any more/);
    });

    test("is none where no update has left it, or the code no longer has it", () => {
      expect(run(previewJson([bridge], {}, "main-network"), "--json").stdout).toContain('"drift": []');
      const unchanged = { ...route({}, {}), recorded: route({}, {}).before };
      const none = run(previewJson([unchanged], {}, "main-inference, telegram"), "--json");
      expect([none.status, JSON.parse(none.stdout).drift]).toEqual([0, []]);
    });
  });

  describe("what a refresh has taken into the state since the last update", () => {
    const found = route({ model: "found", verify: true }, { model: "wanted" });
    const leftByUpdate = { values: { model: "wanted" }, absent: ["verify"] };
    const refreshed = { ...found, recorded: found.before, kept: { leftByUpdate }, seen: { leftByUpdate } };

    test("is drift as before, and can be adopted", () => {
      const seen = run(previewJson([refreshed]), "--json");
      expect(seen.status).toBe(2);
      expect(JSON.parse(seen.stdout)).toMatchObject({
        drift: [
          {
            name: "main-inference",
            values: [
              { path: "model", before: "wanted", after: "found" },
              { path: "verify", after: true },
            ],
          },
        ],
        adoptions: [{ into: "stack", value: "found" }],
      });
      const { kept: _, ...forgotten } = refreshed;
      expect(run(previewJson([forgotten])).stdout).toContain("No drift");
    });

    test("is none where it is again as it was left", () => {
      const { seen: _, ...one } = refreshed;
      const back = { ...one, before: found.after, after: { ...found.after, baseUrl: "https://other.example" } };
      expect(run(previewJson([back])).stdout).toContain("No drift");
    });

    test("is none where the code wants it so by now, and a review says that an update notes it", () => {
      const text = previewJson([
        {
          ...refreshed,
          after: { ...found.before, key: "clear" },
          before: { ...found.before, key: "clear" },
          recorded: { ...found.before, key: "clear" },
        },
      ]);
      expect(JSON.parse(text).changeSummary).toEqual({ same: 1, update: 1 });
      expect(run(text, "--json").stdout).toContain('"drift": []');
      const preview = readPreview(text, "a preview");
      const report = reportOfPreview({ stack: "prod", preview, compared: "" });
      expect(markdownOf(outlineOf(report))).toMatch(/main-inference.*only noted: what was changed without an update/);
    });
  });

  test("a change of the code alone is no drift", () => {
    const none = run(previewJson([route({ model: "a" }, { model: "b" })]));
    expect([none.status, none.stdout.includes("No drift")]).toEqual([0, true]);
  });

  test("a preview that cannot tell is an error, not a clean bill", () => {
    const blind = JSON.parse(previewJson([opened]));
    blind.steps = blind.steps.filter(({ op }: { op: string }) => op !== "refresh");
    const answer = run(JSON.stringify(blind));
    expect([answer.status, answer.stdout]).toEqual([1, ""]);
    expect(answer.stderr).toMatch(/drift cannot be seen/);
  });
});

test("a stack of which nothing was made yet has no drift to look for, and the message says what makes it", async () => {
  const planned = previewJson([{ type: "nemoclaw:host:DockerEngine", name: "host-docker", after: { running: true } }]);
  await using clone = new SmallClone({
    "pulumi-language-nodejs": "",
    pulumi: `case "$*" in
version) echo v3.270.0 ;;
"stack export"*) echo '{"version":3,"deployment":null}' ;;
*) cat "$here/preview.json" ;;
esac`,
  });
  writeFileSync(join(clone.folder, "preview.json"), planned);
  const { exitCode, output } = await clone.script("drift", ["-s", "prod"]).ended;
  expect(output).toMatch(/nothing stands of stack prod that could have drifted[\s\S]*scripts\/pulumi up -s prod/);
  expect(exitCode).toBe(1);
});
