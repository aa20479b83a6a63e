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
const integrity = `sha512-${"a".repeat(86)}==`;
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

describe("where an npm package comes from", () => {
  const one = { version: "1.0.0", integrity };
  const bumped = { version: "2.0.0", integrity: `sha512-${"b".repeat(86)}==` };
  const usual = "https://registry.npmjs.org/a/-/a-2.0.0.tgz";
  const [address, name] = [
    "unclear: npm node_modules/a of the agent, address, taken from another place",
    "unclear: npm node_modules/a of the agent, its name, another package in the folder of this one",
  ];
  const plain = "plain: npm a of the agent";
  test.each<[string, object | undefined, object, (number | string)[]]>([
    ["another place under the same checksum", { ...one, resolved: here }, { ...one, resolved: there }, [3, address]],
    ["another place beside another version", one, { ...bumped, resolved: there }, [3, address, plain]],
    ["a clone over SSH", one, { ...bumped, resolved: "git+ssh://git@github.com/evil/a.git#abc" }, [3, address, plain]],
    ["another package's file", one, { ...bumped, resolved: usual.replace("/a/", "/b/") }, [3, address, plain]],
    ["a file of another version", one, { ...one, resolved: usual }, [3, address]],
    ["an address in the place of a version", one, { ...one, version: there }, [3, address, plain]],
    ["a folder", one, { resolved: "../a", link: true }, [3, address, `${plain}, other fields have changed: link`]],
    ["another package", one, { ...bumped, name: "b" }, [3, name, plain]],
    ["a new one, from elsewhere", undefined, { ...one, resolved: there }, [3, address, plain]],
    ["a new one, of another name", undefined, { ...one, name: "b" }, [3, name, plain]],
    ["npm's registry, by its address", one, { ...bumped, resolved: usual }, [2, plain]],
    [
      "another version from where it came before",
      { ...one, resolved: "https://npm.example.com/a-1.0.0.tgz" },
      { ...bumped, resolved: "https://npm.example.com/a-2.0.0.tgz" },
      [2, plain],
    ],
    ["another version of another package as before", { ...one, name: "b" }, { ...bumped, name: "b" }, [2, plain]],
    [
      "npm's registry again",
      { ...one, resolved: there, name: "b" },
      bumped,
      [2, "plain: npm node_modules/a of the agent, address", "plain: npm node_modules/a of the agent, its name", plain],
    ],
  ])("%s", (_, before, after, expected) => {
    expect(compared(npm(before ? { "node_modules/a": before } : {}), npm({ "node_modules/a": after }))).toEqual(
      expected,
    );
  });

  test("is told of however many packages", () => {
    const many = (entry: object) =>
      npm(Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`node_modules/a${at}`, entry])));
    const said = compared(many(one), many({ ...bumped, resolved: there }));
    expect(said.filter((line) => String(line).endsWith("taken from another place"))).toHaveLength(12);
    expect(said.filter((line) => String(line).startsWith("plain: npm a"))).toHaveLength(12);
  });

  test("is told of each that is new before those that have another version", () => {
    const many = (entry: object) =>
      Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`node_modules/a${at}`, entry]));
    const said = compared(npm(many(one)), npm({ ...many(bumped), "node_modules/zzz": one }));
    expect(said).toHaveLength(14);
    expect(said[1]).toMatch(/^plain: npm zzz of the agent/);
  });
});

test("what else changes with an npm package's version is named, and a script for its installation is always told", () => {
  const packages = (version: string, more: object = {}) =>
    npm({
      ...Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`node_modules/a${at}`, { version, integrity }])),
      "node_modules/z": { version, integrity, ...more },
    });
  const said = compared(packages("1.0.0"), packages("2.0.0", { hasInstallScript: true, bin: { sh: "z.js" } }));
  expect(said.slice(0, 2)).toEqual([
    2,
    "plain: npm z of the agent, new: a script for its installation, which machines do not run; other fields have changed: bin",
  ]);
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
    "npm packages of the agent, as pinned, lock file",
  ],
])("nemoclaw.lock.json: %s is named", (_, after, expected) => {
  const before = { ...lock(), [agentLock]: "{}" };
  expect(compared(before, { [agentLock]: "{}", ...after })).toEqual([2, `plain: ${expected}`]);
  expect(compared(before, before)).toEqual([0]);
});

test("a list that moves is told with both places, and what else changes beside it", () => {
  const at = (lockfile: string, more: object = {}) => ({
    ...lock({ npm: { agent: { lockfile, ...more } } }),
    [lockfile]: "{}",
  });
  const all = { "stacks/Pulumi.prod.yaml": stackFile };
  const [old, now] = [at("a.json"), at("b.json", { other: 1 })];
  const { versions } = reportOfRevisions(
    "prod",
    revision("main", { ...all, ...old }),
    revision("b", { ...all, ...now }),
  );
  expect(versions).toEqual([
    { what: "npm packages of the agent, as pinned, lock file", before: "a.json", after: "b.json" },
    { what: "npm packages of the agent, as pinned", note: "other fields have changed: other" },
  ]);
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
