import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import {
  allSettings,
  configurationReference,
  defaultText,
  referencePath,
} from "../../scripts/configuration-reference.ts";
import { parseConfig } from "../../stacks/settings/parse-config.ts";
import { secretNames } from "../../stacks/settings/secrets.ts";
import { somePins } from "../support/some-pins.ts";

const examples = readdirSync("stacks/examples").filter((file) => file.endsWith(".yaml"));
const secrets = {
  inferenceKey: "nvapi-abc",
  telegramToken: `123456:${"a".repeat(35)}`,
  tunnelToken: "eyJh",
  sshPrivateKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nxx\n-----END OPENSSH PRIVATE KEY-----\n",
};

function read(raw: object, siteSecrets = new Map([["inventoryToken", true]])) {
  return parseConfig(raw as Record<string, unknown>, {
    readFile: (path) => readFileSync(resolve(path), "utf8"),
    encrypted: new Set(secretNames),
    pins: somePins(),
    siteSecrets,
  });
}

function example(name: string): Record<string, unknown> {
  const { config } = parse(readFileSync(`stacks/examples/${name}.yaml`, "utf8"));
  const own = Object.entries(config).map(([key, value]) => [key.replace(/^nemoclaw:/, ""), value]);
  const { sshPrivateKey, ...usual } = secrets;
  return { ...Object.fromEntries(own), ...usual, ...(name === "existing" && { sshPrivateKey }) };
}

describe("examples", () => {
  test("there is one for every kind of machine", () => {
    expect(examples.toSorted()).toEqual(["aws.yaml", "existing.yaml", "gcp.yaml", "local.yaml"]);
  });

  test.each(examples)("%s is taken as it stands, its secrets aside", (file) => {
    const name = file.replace(".yaml", "");
    const { settings, faults } = read(example(name));
    expect(faults ?? []).toEqual([]);
    expect(settings?.machine.kind).toBe(name);
    // The disposable machine is for the first hour; the others are for real environments.
    expect(settings?.runtime.kind).toBe(name === "local" ? "embedded" : "openshell");
  });

  test.each(["aws", "gcp", "existing"])(
    "%s.yaml shows every setting of its machine, or leaves it to the reference",
    (name) => {
      const text = readFileSync(`stacks/examples/${name}.yaml`, "utf8");
      expect(text).toContain("docs/configuration.md");
      for (const key of name === "existing"
        ? ["address", "hostKeys", "via", "arch"]
        : ["image", "access", "dataDisk", "spot"]) {
        expect(text).toContain(`${key}:`);
      }
    },
  );
});

describe("docs/configuration.md", () => {
  test("is what the schema says; run: node scripts/configuration-reference.ts", () => {
    expect(readFileSync(referencePath, "utf8")).toBe(configurationReference());
  });

  test("explains every setting", () => {
    const silent = [...allSettings()].flatMap(([, settings]) =>
      settings.filter(({ schema }) => schema.type !== "kind" && !schema.description).map(({ path }) => path),
    );
    expect(silent).toEqual([]);
  });

  const valued = [...allSettings().values()].flat().filter(({ schema }) => schema.type !== "kind");

  test("says of every setting what it is when it is left out, or that it must be there", () => {
    const told = ({ schema, required }: (typeof valued)[number]) =>
      required || schema.properties || defaultText(schema) || /Default: |must be there/.test(schema.description ?? "");
    expect(valued.filter((each) => !told(each)).map(({ path }) => path)).toEqual([]);
    expect(
      valued.filter(({ path }) => path === "inference.baseUrl").map(({ schema }) => schema.default),
    ).toContainEqual(expect.stringContaining("nvidia"));
  });

  test("says the unit of every number", () => {
    const units = /GiB|\bHour of the day|\bDays\b|\bCPUs\b|\bProcesses\b|^Port\b/;
    const numbers = valued.filter(({ schema }) => ["number", "integer"].includes(schema.type ?? ""));
    expect(numbers.length).toBeGreaterThan(5);
    expect(numbers.filter(({ schema }) => !units.test(schema.description ?? "")).map(({ path }) => path)).toEqual([]);
  });
});

describe("site commands", () => {
  const faults = (raw: object, site?: Map<string, boolean>) =>
    (read(raw, site).faults ?? []).map(({ path, message, instead }) => `${path}: ${message} | ${instead ?? ""}`);

  test.each(["aws", "gcp"])("are refused on %s behind a program, with the reason", (name) => {
    const siteCommands = [{ name: "a", create: "true" }];
    expect(faults({ ...example(name), siteCommands })).toEqual([
      expect.stringMatching(
        /^nemoclaw:siteCommands: site commands connect by themselves, and cannot use machine\.access (ssm|iap) \| access: \{ kind: public/,
      ),
    ]);
  });

  test("are refused for an existing machine behind a command, and taken behind a jump host", () => {
    const raw = example("existing");
    const machine = raw.machine as { hostKeys: string[] };
    const via = { kind: "command", argv: ["brev"] };
    expect(faults({ ...raw, machine: { ...machine, via } })).toEqual([
      expect.stringContaining("cannot use a machine.via of kind command"),
    ]);
    const jump = { kind: "jump", address: "jump.example.com", user: "ubuntu", hostKeys: machine.hostKeys };
    expect(faults({ ...raw, machine: { ...machine, via: jump } })).toEqual([]);
  });

  test("need a pinned host key that is not RSA, of a jump host too", () => {
    const raw: Record<string, unknown> = { ...example("existing"), siteCommands: [{ name: "a", create: "true" }] };
    const machine = raw.machine as { hostKeys: string[] };
    const fields = [Buffer.from([0, 0, 0, 7]), Buffer.from("ssh-rsa"), Buffer.alloc(60, 1)];
    const rsa = `ssh-rsa ${Buffer.concat(fields).toString("base64")}`;
    const via = { kind: "jump", address: "jump.example.com", user: "ubuntu", hostKeys: [rsa] };
    expect(faults({ ...raw, machine: { ...machine, hostKeys: [rsa], via } })).toEqual([
      expect.stringMatching(
        /^nemoclaw:machine\.hostKeys: site commands cannot check an RSA host key.*ssh-ed25519 line/,
      ),
      expect.stringMatching(/^nemoclaw:machine\.via\.hostKeys: /),
    ]);
    expect(faults({ ...raw, machine: { ...machine, hostKeys: [rsa, ...machine.hostKeys], via: undefined } })).toEqual(
      [],
    );
    expect(faults({ ...raw, siteCommands: [], machine: { ...machine, hostKeys: [rsa], via } })).toEqual([]);
  });

  test("have names of their own, and secrets that exist and are encrypted", () => {
    const raw = {
      ...example("existing"),
      siteCommands: [
        { name: "a", create: "x", stdin: "t" },
        { name: "a", create: "y" },
      ],
    };
    expect(faults(raw, new Map())).toEqual([
      "nemoclaw:siteCommands[0].stdin: there is no secret site:t | scripts/pulumi config set --secret site:t",
      "nemoclaw:siteCommands[1].name: there are two site commands a | a-2",
    ]);
    expect(faults(raw, new Map([["t", false]]))).toContainEqual(expect.stringContaining("stands in clear"));
  });
});

test("a quick tunnel says in so many words that everybody may come in", () => {
  const faults = (tunnel: object) => (read({ ...example("local"), tunnel }).faults ?? []).map(({ path }) => path);
  expect(faults({ kind: "quick" })).toEqual(["nemoclaw:tunnel.access"]);
  expect(faults({ kind: "quick", access: "public" })).toEqual(["nemoclaw:tunnel.reason"]);
  expect(faults({ kind: "quick", access: "public", reason: "a demo" })).toEqual([]);
});
