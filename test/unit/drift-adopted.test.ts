import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { adoptInto } from "../../review/drift/adopt-into.ts";
import { block, network, type Planned, previewJson, route } from "../support/preview-fixture.ts";
import { SmallClone } from "../support/small-clone.ts";

const inference = (value: string) =>
  [{ into: "stack", path: ["config", "nemoclaw:inference", "model"], value }] as const;
const adopted = (text: string) => adoptInto(text, "stack", inference("found"), "stack.yaml");
const long = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGVCYWRFeGFtcGxlS2V5T2ZOb01hY2hpbmVBdEFsbDAw";

describe("a stack file that takes what was found", () => {
  test("has every other line as it was written", () => {
    const text = `# ours


config:
  aws:region:   eu-central-1 # near
  nemoclaw:machine: { kind: existing, address: gpu.example.com, user: ubuntu, hostKeys: [${long}, ${long}] }
  nemoclaw:policy: {presets: [github]}
  nemoclaw:mirrors: {
    npm: "https://npm.example.com", # the house's
  }
  nemoclaw:limits: { memory: 2G,
    pids: 5 }


  nemoclaw:inference: { kind: nvidia, model: wanted } # why


  nemoclaw:runtime:
      kind: 'embedded'
      accept: [ binaries ]
`;
    expect(adopted(text)).toBe(text.replace("wanted", "found"));
  });

  test.each<[string, string, string]>([
    [
      "in the key's second form",
      "config:\n  nemoclaw:config:inference: { model: wanted }\n",
      "config:\n  nemoclaw:config:inference: { model: found }\n",
    ],
    [
      "without its namespace",
      "config:\n  inference:\n    model: wanted\n",
      "config:\n  inference:\n    model: found\n",
    ],
    [
      "as JSON in a text",
      `config:\n  nemoclaw:inference: '{"kind":"nvidia"}'\n  a:b: [c]\n`,
      "config:\n  nemoclaw:inference:\n    kind: nvidia\n    model: found\n  a:b: [c]\n",
    ],
    ["empty", "config:\n  nemoclaw:inference:\n", "config:\n  nemoclaw:inference:\n    model: found\n"],
    ["without a value", "config:\n  nemoclaw:inference: ~\n", "config:\n  nemoclaw:inference:\n    model: found\n"],
    ["nowhere, in an empty configuration", "config:\n", "config:\n  nemoclaw:inference:\n    model: found\n"],
    [
      "with a comment and in quotes",
      `config:\n  nemoclaw:inference:\n    "model": "wanted" # why\n`,
      `config:\n  nemoclaw:inference:\n    "model": "found" # why\n`,
    ],
    [
      "by what another place gives it",
      "config:\n  site:model: &m wanted\n  nemoclaw:inference:\n    model: *m\n",
      "config:\n  site:model: &m wanted\n  nemoclaw:inference:\n    model: found\n",
    ],
    [
      "with the line ends of another system",
      "config:\r\n  nemoclaw:inference:\r\n    model: wanted # why\r\n",
      "config:\r\n  nemoclaw:inference:\r\n    model: found # why\r\n",
    ],
    ["not at all", "config:\n  a:b: [c]\n", "config:\n  a:b: [c]\n  nemoclaw:inference:\n    model: found\n"],
  ])("is taken where the setting stands %s", (_, text, expected) => expect(adopted(text)).toBe(expected));

  test("and gives it to other places, too, is left to a person", () => {
    const shared = "config:\n  nemoclaw:inference:\n    model: &m wanted\n  site:model: *m\n";
    expect(() => adopted(shared)).toThrow(/stack\.yaml has no place .*: &m gives it to other places, too/);
    const all = "config:\n  nemoclaw:inference: &i\n    model: wanted\n  site:inference: *i\n";
    expect(() => adopted(all)).toThrow(/stack\.yaml has no place .*: &i gives it to other places, too/);
  });

  test("and is no YAML is named, without a piece of it", () => {
    const fault = () => adopted("config:\n  a: [PLAIN\n  b: c: d\n");
    expect(fault).toThrow(/^stack.yaml is not YAML: /);
    expect(fault).not.toThrow(/PLAIN/);
  });
});

describe("scripts/drift --adopt", () => {
  const clone = new SmallClone();
  afterAll(() => clone[Symbol.asyncDispose]());
  const [file, policy] = [join(clone.root, "stacks/Pulumi.prod.yaml"), join(clone.root, "policies/prod.yaml")];
  const [preview, away] = [join(clone.folder, "preview.json"), join(clone.folder, "policy.yaml")];
  const found = [
    network({ a: block("api.example.com", { access: "full" }) }, {}, {}),
    { ...route({ model: "found" }, { model: "wanted" }), recorded: route({ model: "wanted" }, {}).before },
  ];
  const adopt = async (settings: string, planned: Planned[] = found, policyText?: string, stack = "prod") => {
    rmSync(policy, { force: true });
    if (policyText !== undefined) writeFileSync(policy, policyText);
    writeFileSync(file, settings);
    writeFileSync(preview, previewJson(planned));
    return clone.script("drift", ["-s", stack, "--preview", preview, "--adopt"]).ended;
  };

  test("takes settings that are JSON in a text, and a policy file that there is not yet", async () => {
    const before = `config:\n  nemoclaw:policy: '{"presets":["github"]}'\n  nemoclaw:inference: '{"kind":"nvidia","model":"wanted"}'\n`;
    expect(await adopt(before)).toMatchObject({
      exitCode: 2,
      output: expect.stringContaining(`Written: ${policy}\nWritten: ${file}\n`),
    });
    expect(readFileSync(policy, "utf8")).toContain("api.example.com");
    expect(readFileSync(file, "utf8")).toBe(
      `config:\n  nemoclaw:policy:\n    presets:\n      - github\n    file: policies/prod.yaml\n  nemoclaw:inference:\n    kind: nvidia\n    model: found\n`,
    );
  });

  test("names the stack file, too, where that only names the new policy file", async () => {
    expect(await adopt("config:\n  a:b: c\n", found.slice(0, 1))).toMatchObject({
      exitCode: 2,
      output: expect.stringContaining(`Written: ${policy}\nWritten: ${file}\n`),
    });
    expect(readFileSync(file, "utf8")).toContain("file: policies/prod.yaml");
  });

  test("finds the files of a stack by its own name, of which nothing is in an organization's folder", async () => {
    expect(await adopt("config:\n  a:b: c\n", found, undefined, "acme/nemoclaw/prod")).toMatchObject({
      exitCode: 2,
      output: expect.stringContaining(`Written: ${policy}\nWritten: ${file}\n`),
    });
    expect(readFileSync(file, "utf8")).toContain("file: policies/prod.yaml");
  });

  test("makes the folder of a policy file that is named and not there yet", async () => {
    const named = join(clone.root, "policies/site/prod.yaml");
    expect(await adopt("config:\n  nemoclaw:policy: { file: policies/site/prod.yaml }\n")).toMatchObject({
      exitCode: 2,
    });
    expect(readFileSync(named, "utf8")).toContain("api.example.com");
  });

  test("takes no policy file that the stack does not name: what else is in it would come into force", async () => {
    const [settings, draft] = ["config:\n  a:b: c\n", "version: 1 # a draft\n"];
    const { exitCode, output } = await adopt(settings, found, draft);
    expect([exitCode, output]).toEqual([
      1,
      expect.stringMatching(/prod.yaml is there, and .*Pulumi.prod.yaml does not/),
    ]);
    expect(output).toContain("name it as file: policies/prod.yaml in nemoclaw:policy");
    expect([readFileSync(file, "utf8"), readFileSync(policy, "utf8")]).toEqual([settings, draft]);
  });

  test("takes a policy file outside the project", async () => {
    writeFileSync(away, "version: 1 # ours\n");
    expect(await adopt(`config:\n  nemoclaw:policy: { file: ${away} }\n`)).toMatchObject({
      exitCode: 2,
      output: expect.stringContaining(`Written: ${away}\nWritten: ${file}\n`),
    });
    expect(readFileSync(away, "utf8")).toMatch(/^version: 1 # ours\n[\s\S]*api.example.com/);
  });

  test.each<[string, string, RegExp]>([
    ["one that is no YAML", "config:\n  a: [b\n", /\n\S+Pulumi.prod.yaml is not YAML: /],
    ["a policy that is none", "config:\n  nemoclaw:policy: { presets: npm }\n", /nemoclaw:policy that is none/],
    [
      "an inference setting that is text",
      "config:\n  nemoclaw:inference: nvidia\n",
      /Pulumi.prod.yaml.*nemoclaw:inference/,
    ],
  ])("writes nothing where the stack file is %s", async (_, settings, message) => {
    const { exitCode, output } = await adopt(settings);
    expect([exitCode, output]).toEqual([1, expect.stringMatching(message)]);
    expect(readFileSync(file, "utf8")).toBe(settings);
    expect(existsSync(policy)).toBe(false);
  });
});
