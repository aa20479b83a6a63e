import { describe, expect, test } from "vitest";
import { verdictOf } from "../../review/report.ts";
import { reportOfRevisions } from "../../review/revisions/report-of-revisions.ts";
import { revision } from "../support/preview-fixture.ts";

const stackFile = `config:
  nemoclaw:machine: { kind: local }
  nemoclaw:runtime: { kind: embedded }
  nemoclaw:inference: { kind: openai, baseUrl: "https://models.example.com/v1", model: m1 }
`;
type Files = Record<string, string>;
function compared(before: Files, after: Files) {
  const all = { "stacks/Pulumi.prod.yaml": stackFile };
  const report = reportOfRevisions(
    "prod",
    revision("main", { ...all, ...before }),
    revision("b", { ...all, ...after }),
  );
  const said = report.versions.map(
    ({ effect, what, note }) => `${effect ?? "plain"}: ${what}${note ? `, ${note}` : ""}`,
  );
  return [verdictOf(report).exitCode, ...said];
}

const [here, there] = ["https://registry.npmjs.org/a.tgz", "https://evil.example.com/a.tgz"];
const integrity = `sha512-${"a".repeat(20)}`;
const agentLock = "services/agent/package-lock.json";
const npm = (packages: object, more: object = {}) => ({ [agentLock]: JSON.stringify({ ...more, packages }) });
const takenUnchecked = "without a checksum: what its address gives is taken";

describe("an npm package that says to come inside another one", () => {
  const outer = { version: "1.0.0", integrity, bundleDependencies: ["a"] };
  const [bare, own] = [{ version: "1.0.0", inBundle: true }, "node_modules/outer/node_modules/a"];

  test.each<[string, object, object, (number | string)[]]>([
    [
      "and does",
      { "node_modules/outer": outer, [own]: bare },
      { "node_modules/outer": outer, [own]: { ...bare, version: "1.1.0" } },
      [2, "plain: npm a of the agent"],
    ],
    [
      "deeper below it",
      { "node_modules/outer": outer },
      { "node_modules/outer": outer, [`${own}/node_modules/b`]: bare },
      [2, "plain: npm b of the agent"],
    ],
    [
      "and lies in none",
      {},
      { "node_modules/a": bare },
      [3, `unclear: npm node_modules/a of the agent, ${takenUnchecked}`],
    ],
    [
      "and comes from an address",
      { "node_modules/outer": outer },
      { "node_modules/outer": outer, [own]: { ...bare, resolved: there } },
      [3, `unclear: npm ${own} of the agent, ${takenUnchecked}`],
    ],
    [
      "below one that bundles none",
      { "node_modules/outer": { version: "1.0.0", integrity } },
      { "node_modules/outer": { version: "1.0.0", integrity }, [own]: bare },
      [3, `unclear: npm ${own} of the agent, ${takenUnchecked}`],
    ],
  ])("%s", (_, before, after, expected) => expect(compared(npm(before), npm(after))).toEqual(expected));
});

describe("what else changes in npm's lock file of a service", () => {
  const one = { version: "1.0.0", resolved: here, integrity };
  const packages = (entry: object, root: object = {}) => ({ "": root, "node_modules/a": entry });
  test.each<[string, Files, Files, string]>([
    [
      "another place under the same checksum",
      npm(packages(one)),
      npm(packages({ ...one, resolved: there })),
      "plain: npm a of the agent, other fields have changed: resolved",
    ],
    [
      "programs and scripts",
      npm(packages(one)),
      npm(packages({ ...one, hasInstallScript: true, bin: { node: "a.js" } })),
      "plain: npm a of the agent, other fields have changed: bin, hasInstallScript",
    ],
    [
      "what the service asks for",
      npm(packages(one, { dependencies: { a: "1" } })),
      npm(packages(one, { dependencies: { a: "*" } })),
      "plain: what the agent asks npm for, other fields have changed: dependencies",
    ],
    [
      "the file's own kind",
      npm(packages(one), { lockfileVersion: 3 }),
      npm(packages(one), { lockfileVersion: 2 }),
      "plain: npm's lock file of the agent, other fields have changed: lockfileVersion",
    ],
  ])("is named: %s", (_, before, after, expected) => expect(compared(before, after)).toEqual([2, expected]));
});

const pins = {
  version: 1,
  artifacts: { tool: { version: "1.0", files: { "linux-amd64": { url: "{artifacts}/v1.0/tool", sha256: "a" } } } },
  images: { "example.com/box:1": { digest: "sha256:a" } },
  apt: { docker: { uri: "https://example.com", fingerprint: "A" } },
  npm: { agent: { lockfile: agentLock } },
};
const lock = (more: object = {}) => ({ "nemoclaw.lock.json": JSON.stringify({ ...pins, ...more }) });

test.each<[string, Files, string]>([
  ["its form", lock({ version: 2 }), "nemoclaw.lock.json, other fields have changed: version"],
  [
    "a repository's other keys",
    lock({ apt: { docker: { ...pins.apt.docker, keys: ["B"] } } }),
    "apt repository docker, other fields have changed: keys",
  ],
  [
    "a list that moves, with the same text",
    { ...lock({ npm: { agent: { lockfile: "other.json" } } }), "other.json": "{}" },
    "npm packages of the agent, as pinned, other fields have changed: lockfile",
  ],
  [
    "an address of the same version",
    lock({
      artifacts: { tool: { version: "1.0", files: { "linux-amd64": { url: "{artifacts}/v1.1/tool", sha256: "a" } } } },
    }),
    "tool, other fields have changed: files",
  ],
])("nemoclaw.lock.json: %s is named", (_, after, expected) => {
  const before = { ...lock(), [agentLock]: "{}" };
  expect(compared(before, { [agentLock]: "{}", ...after })).toEqual([2, `plain: ${expected}`]);
  expect(compared(before, before)).toEqual([0]);
});

test.each<[string, Files]>([
  ["is gone", {}],
  ["is empty", { "nemoclaw.lock.json": "{}" }],
  ["has nothing under its headings", lock({ artifacts: {}, images: {}, apt: {}, npm: {} })],
])("a nemoclaw.lock.json that %s cannot be told not to widen access", (_, after) => {
  const said = compared(lock(), after);
  expect(said.slice(0, 2)).toEqual([
    3,
    "unclear: nemoclaw.lock.json, nothing says any more what machines are to install",
  ]);
});

test("npm's lock file of a service that is gone cannot be told not to widen access", () => {
  const said = compared(npm({ "node_modules/a": { version: "1.0.0", integrity } }), {});
  expect(said).toContain("unclear: npm packages of the agent, nothing says any more what machines are to install");
  expect(said[0]).toBe(3);
});
