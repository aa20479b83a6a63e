import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { publicMirrors } from "../../host/lock.ts";
import { parseConfig, type Settings } from "../../stacks/settings/parse-config.ts";
import { secretNames } from "../../stacks/settings/secrets.ts";
import { bytesOf } from "../../stacks/settings/sizes.ts";
import { somePins } from "../support/some-pins.ts";

const least = {
  machine: { kind: "local" },
  runtime: { kind: "embedded" },
  inference: { kind: "openai", baseUrl: "http://models.internal:8080/v1", model: "demo-1" },
};
const keyPem = "-----BEGIN OPENSSH PRIVATE KEY-----\nxx\n-----END OPENSSH PRIVATE KEY-----\n";
const secrets = {
  inferenceKey: "nvapi-abc",
  telegramToken: `123456:${"a".repeat(35)}`,
  tunnelToken: "eyJh",
  sshPrivateKey: keyPem,
};
const hostKey = `ssh-ed25519 ${Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from("ssh-ed25519"), Buffer.from([0, 0, 0, 32]), Buffer.alloc(32, 7)]).toString("base64")}`;
const existing = { kind: "existing", address: "gpu.example.com", user: "ubuntu", hostKeys: [hostKey] };

function read(raw: Record<string, unknown>, encrypted: readonly string[] = secretNames) {
  return parseConfig(raw, {
    readFile: (path) => readFileSync(resolve(path), "utf8"),
    encrypted: new Set(encrypted),
    pins: somePins(),
  });
}

/** The settings; a fault fails the test. */
function settings(raw: Record<string, unknown>): Settings {
  const result = read(raw);
  expect(result.faults ?? []).toEqual([]);
  return result.settings as Settings;
}

/** One line for each fault. */
function faults(raw: Record<string, unknown>, encrypted?: readonly string[]): string[] {
  return (read(raw, encrypted).faults ?? []).map(
    ({ path, message, instead }) => `${path}: ${message} | ${instead ?? ""}`,
  );
}

describe("the least there is", () => {
  const found = settings(least);

  test("has a default for everything else", () => {
    expect(found).toMatchObject({
      machine: { kind: "local", demo: false },
      runtime: { kind: "embedded", accept: [] },
      limits: { memory: "2500M", cpus: 2, pids: 512, logs: "200M" },
      agent: { version: "2026.9.6" },
      tunnel: { kind: "none" },
      mirrors: {},
      workspace: { keep: false },
      siteCommands: [],
    });
    expect(found.telegram).toBeUndefined();
    expect([...found.secrets]).toEqual([]);
  });

  test("opens nothing", () => expect(found.policy.network_policies).toEqual({}));
});

describe("examples", () => {
  const file = (name: string) =>
    parse(readFileSync(`stacks/examples/${name}.yaml`, "utf8")) as { config: Record<string, unknown> };
  const own = (config: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace(/^nemoclaw:/, ""), value]));

  test("local.yaml is taken as it stands", () => {
    const found = settings({ ...own(file("local").config), ...secrets });
    expect(Object.keys(found.policy.network_policies)).toEqual(["github", "npm"]);
  });

  test("local.yaml explains every setting", () => {
    const text = readFileSync("stacks/examples/local.yaml", "utf8");
    const names = "machine runtime policy limits agent inference telegram tunnel mirrors workspace".split(" ");
    for (const name of [...names, ...secretNames]) expect(text).toContain(`nemoclaw:${name}`);
  });
});

describe("every fault is told, all at once, with what to write instead", () => {
  test("nothing at all", () => {
    expect(faults({})).toEqual([
      "nemoclaw:machine: machine is missing; expected a mapping | machine: { kind: local }",
      "nemoclaw:runtime: runtime is missing; expected a mapping | runtime: { kind: embedded }",
      "nemoclaw:inference: inference is missing; expected a mapping | inference: { kind: nvidia, model: MODEL }",
    ]);
  });

  test("faults of every section, of the policy and of its file together", () => {
    const found = faults({
      machine: { kind: "locl" },
      runtime: { kind: "embeded" },
      policy: { presets: ["githb"], file: "none.yaml" },
      limits: { memory: "1G", cpus: "2", pid: 5 },
      agent: { version: "2026.9.7" },
      inference: { kind: "nvidia", model: "m" },
      telegram: { chats: [] },
      tunnel: { kind: "named" },
      mirrors: { npm: "npm.example.com", ca: "none.pem" },
      workspace: { keep: "yes" },
      siteCommands: ["x"],
      polcy: {},
    });
    expect(found).toEqual([
      'nemoclaw:polcy: there is no setting "polcy" | policy',
      'nemoclaw:machine.kind: "locl" is not possible; expected one of local, existing, aws, gcp | local',
      'nemoclaw:runtime.kind: "embeded" is not possible; expected one of embedded, openshell | embedded',
      "nemoclaw:limits.memory: 1G is too little: the agent alone takes 1.2 GB, and is killed below 2 GB | 2000M or more",
      'nemoclaw:limits.cpus: "2" is text; expected a number | 2, without quotes',
      'nemoclaw:limits.pid: "pid" is not known here | pids',
      expect.stringMatching(/^nemoclaw:telegram\.chats: no chat is listed/),
      "nemoclaw:tunnel.hostname: hostname is missing; expected text | hostname: …",
      'nemoclaw:mirrors.npm: "npm.example.com" is not a URL with https or http | https://npm.example.com',
      'nemoclaw:workspace.keep: "yes" is text; expected true or false | true',
      'nemoclaw:siteCommands[0]: "x" is text; expected a mapping | a mapping',
      expect.stringMatching(/^nemoclaw:policy\.presets\[0\]: there is no preset "githb".*\| github$/),
      expect.stringMatching(/^nemoclaw:policy\.file: none\.yaml cannot be read: there is no such file/),
      "nemoclaw:inferenceKey: inference.kind nvidia needs the inference service's key | scripts/pulumi config set --secret nemoclaw:inferenceKey",
      "nemoclaw:telegramToken: telegram needs the Telegram bot's token | scripts/pulumi config set --secret nemoclaw:telegramToken",
      "nemoclaw:tunnelToken: tunnel.kind named needs the named tunnel's token | scripts/pulumi config set --secret nemoclaw:tunnelToken",
      'nemoclaw:agent.version: "2026.9.7" is not the version that services/agent/package-lock.json pins | 2026.9.6, or leave it out',
      expect.stringMatching(/^nemoclaw:mirrors\.ca: none\.pem cannot be read/),
    ]);
  });

  describe("what one section asks of another, too, although a part of it is faulty itself", () => {
    test("four faults, and four that would be found behind them", () => {
      const readFile = (path: string) =>
        path.endsWith("own.yaml") ? "version: 1\nprocess: { run_as_user: root }\n" : readFileSync(path, "utf8");
      const raw = {
        ...least,
        policy: { presets: ["github"], file: "own.yaml" },
        inference: { kind: "nvidia" },
        telegram: { chats: [] },
        tunnel: { kind: "named" },
      };
      const { faults: found = [] } = parseConfig(raw, { readFile, encrypted: new Set() });
      expect(found.map(({ path }) => path)).toEqual([
        ...["nemoclaw:inference.model", "nemoclaw:telegram.chats", "nemoclaw:tunnel.hostname", "process.run_as_user"],
        ...["nemoclaw:runtime.accept", "nemoclaw:inferenceKey", "nemoclaw:telegramToken", "nemoclaw:tunnelToken"],
      ]);
    });

    const nvidia = { kind: "nvidia", model: "m", bogus: 1 };
    const aws = { kind: "aws", zone: 5 };
    const tooLittle = { kind: "local", memory: "1M", bogus: 1 };
    const rsa = `ssh-rsa ${Buffer.concat([Buffer.from([0, 0, 0, 7]), Buffer.from("ssh-rsa"), Buffer.alloc(60, 1)]).toString("base64")}`;
    const commands = [5, { name: "a", create: "x", stdin: "t" }, { name: "a", create: "y" }];
    const quick = { kind: "quick", bogus: 1 };
    test.each<[string, Record<string, unknown>, string]>([
      ["a secret", { inference: nvidia }, "nemoclaw:inferenceKey: inference.kind nvidia needs"],
      ["the way to log in", { machine: { ...existing, port: 0 } }, "nemoclaw:sshPrivateKey: machine.kind existing"],
      ["room for the sandbox", { machine: tooLittle, limits: { cpus: "2" } }, "nemoclaw:machine.memory: 1M is too"],
      ["the demo", { inference: { kind: "openai", baseUrl: "http://demo.nemoclaw.internal/v1" } }, "only there with"],
      ["a way for site commands", { machine: aws, siteCommands: [{ name: "a", create: "x" }] }, "machine.access ssm"],
      ["their names", { siteCommands: commands }, "nemoclaw:siteCommands[2].name: there are two site commands a"],
      ["their secrets", { siteCommands: commands }, "nemoclaw:siteCommands[1].stdin: there is no secret site:t"],
      ["their pins", { machine: { ...existing, hostKeys: [rsa], user: 5 }, siteCommands: commands }, "RSA host key"],
      ["a guardrail", { tunnel: quick }, "nemoclaw:tunnel.access: a quick tunnel lets everybody in"],
      [
        "what is not accepted",
        { runtime: { kind: "embedded", accept: [5] }, policy: { presets: ["npm"] } },
        "[binaries]",
      ],
      [
        "the same of some presets",
        { policy: { presets: [5, "github", "nobody"] } },
        "network_policies.github.binaries",
      ],
      ["a preset", { policy: { presets: [5, "github", "nobody"] } }, "nemoclaw:policy.presets[2]: there is no preset"],
      ["the agent's version", { agent: { version: "1", bogus: 1 } }, 'nemoclaw:agent.version: "1" is not the version'],
      ["certificates", { mirrors: { npm: "x", ca: "none.pem" } }, "nemoclaw:mirrors.ca: none.pem cannot be read"],
    ])("%s", (_, raw, said) => {
      expect(faults({ ...least, ...raw })).toContainEqual(expect.stringContaining(said));
    });

    test("of policies that contradict each other, those up to there are judged", () => {
      const own =
        "version: 1\nnetwork_policies: { github: { endpoints: [{ host: a.example.com, port: 443 }], binaries: [{ path: /usr/bin/git }] } }\n";
      const { faults: found = [] } = parseConfig(
        { ...least, policy: { presets: ["github"], file: "own.yaml" } },
        { readFile: (path) => (path.endsWith("own.yaml") ? own : readFileSync(path, "utf8")), encrypted: new Set() },
      );
      expect(found.map(({ path }) => path)).toEqual(["network_policies.github", "nemoclaw:runtime.accept"]);
      expect(found[1]?.instead).toMatch(/^accept: \[binaries\]/);
    });

    const demo = { kind: "openai", baseUrl: "http://demo.nemoclaw.internal/v1", model: "demo-1" };
    test.each([
      ["what nobody can tell", { machine: { kind: "local", demo: "on" }, inference: demo }, ["machine.demo"]],
      ["the way in that is written", { machine: { ...existing, agentSocket: "agent" } }, ["machine.agentSocket"]],
      ["what a section says itself", { tunnel: { kind: "quick", access: "all", reason: "r" } }, ["tunnel.access"]],
      [
        "what a kind that is none needs",
        { tunnel: { kind: "quik" }, inference: { kind: "nvdia" } },
        ["inference.kind", "tunnel.kind"],
      ],
    ])("and not %s", (_, raw, paths) => {
      expect((read({ ...least, ...raw }).faults ?? []).map(({ path }) => path)).toEqual(
        paths.map((path) => `nemoclaw:${path}`),
      );
    });
  });

  test("settings under a name that is nearly the project's own, which nobody would read", () => {
    const elsewhere = [
      ...["nemoclaaw:telegram", "nemoclaw-deploy:mirrors", "NemoClaw:inferenceKey", "nemo:x:y", "enmoclaw:tunnel"],
      ...["aws:region", "gcp:project", "command:x", "site:inventoryToken", "pulumi:tags", "netlify:token", "cloud:x"],
    ];
    const { faults: found = [] } = parseConfig(least, { readFile: () => "", encrypted: new Set(), elsewhere });
    const misplaced = found.filter(({ message }) => message.startsWith("nobody reads"));
    expect(misplaced.map(({ path, instead }) => `${path} | ${instead}`)).toEqual([
      "nemoclaaw:telegram | nemoclaw:telegram",
      "nemoclaw-deploy:mirrors | nemoclaw:mirrors",
      "NemoClaw:inferenceKey | nemoclaw:inferenceKey",
      "nemo:x:y | nemoclaw:x:y",
      "enmoclaw:tunnel | nemoclaw:tunnel",
    ]);
  });

  test("a section that is only a word", () => {
    expect(faults({ ...least, machine: "local" })).toEqual([
      'nemoclaw:machine: "local" is text; expected a mapping | machine: { kind: local }',
    ]);
  });

  test.each([
    ["machine", { kind: "aws" }, "machine.region: region is missing"],
    ["machine", { kind: "gcp", anything: 1 }, 'machine.anything: "anything" is not known here'],
    ["machine", { kind: "local", demo: "on" }, 'machine.demo: "on" is text; expected true or false | true'],
    [
      "machine",
      { kind: "local", memory: "6 gb" },
      'machine.memory: "6 gb" is not a size; expected a whole number and K, M, G or T | 6G',
    ],
    ["machine", { kind: "local", adress: "x" }, '"adress" is not known here'],
    [
      "machine",
      { kind: "local", image: "--privileged" },
      'machine.image: "--privileged": expected the reference of a Docker image, such as debian:bookworm-slim | the reference',
    ],
    ["machine", { kind: "local", image: "" }, 'machine.image: "": expected the reference of a Docker image'],
    ["machine", { kind: "local", image: "debian --privileged" }, "expected the reference of a Docker image"],
    ["runtime", { kind: "embedded", accept: ["binarys"] }, 'runtime.accept[0]: "binarys" is not possible'],
    ["runtime", { kind: "embedded", version: "1" }, '"version" is not known here'],
    ["policy", { presets: "github" }, 'policy.presets: "github" is text; expected a list | [github]'],
    ["limits", { memory: "1999M" }, "is too little"],
    ["limits", { memory: "2.5G" }, "is not a size"],
    ["limits", { cpus: 0 }, "limits.cpus: 0 is not possible; expected at least 0.5"],
    ["limits", { pids: 10 }, "expected at least 128"],
    ["limits", { pids: 1.5 }, "expected a whole number"],
    ["limits", { logs: "1M" }, "1M is too little: systemd"],
    ["inference", { kind: "openai", model: "m" }, "inference.baseUrl: baseUrl is missing"],
    ["inference", { kind: "machine", model: "m" }, "inference.baseUrl: baseUrl is missing"],
    ["inference", { kind: "openai", baseUrl: "https://a.example.com/v1" }, "inference.model: model is missing"],
    ["inference", { ...least.inference, model: "two words" }, "expected a model's name"],
    ["inference", { ...least.inference, model: "two words" }, "| a model's name, without spaces, such as nvidia/"],
    ["inference", { ...least.inference, model: "" }, "| a model's name, without spaces, such as nvidia/"],
    [
      "inference",
      { ...least.inference, baseUrl: "https://a.example.com/v1\nx" },
      "baseUrl: the URL has a space, a line break or a control character in it | the URL without",
    ],
    ["inference", { ...least.inference, baseUrl: "https://a.example.com/v1\u0007" }, "baseUrl: the URL has a space"],
    ["inference", { ...least.inference, baseUrl: "https://me:hunter2 @a.example.com" }, "baseUrl: the URL has a space"],
    [
      "inference",
      { ...least.inference, baseUrl: "ftp://a.example.com" },
      "is not a URL with https or http | https://a.example.com",
    ],
    [
      "inference",
      { ...least.inference, baseUrl: "http://a.example.com/v1" },
      "a key would travel in clear | https://a.example.com/v1",
    ],
    [
      "inference",
      { ...least.inference, baseUrl: "https://me:hunter2@a.example.com" },
      "has a user or a password in it",
    ],
    ["inference", { ...least.inference, baseUrl: "https://a.example.com/v1?key=hunter2" }, "has a ? or # part"],
    ["telegram", { chats: ["4711"] }, 'telegram.chats[0]: "4711" is text; expected a number | 4711, without quotes'],
    ["telegram", { chats: [0] }, "0 is not a chat"],
    ["telegram", { chats: [1.5] }, "expected a whole number"],
    ["telegram", { chat: [1] }, "telegram.chats: chats is missing"],
    ["tunnel", { kind: "named", hostname: "localhost" }, "expected a public host name"],
    [
      "tunnel",
      { kind: "named", hostname: "a.example.com", access: "public" },
      "tunnel.reason: a tunnel that lets everybody in needs a reason",
    ],
    ["tunnel", { kind: "quik" }, "| quick"],
    ["mirrors", { npm: "file:///x" }, "is not a URL with https or http"],
    ["mirrors", { npm: "https://a b/" }, "mirrors.npm: the URL has a space"],
    ["mirrors", { apt: "http://x/\ndeb evil" }, "mirrors.apt: the URL has a space, a line break"],
    ["mirrors", { ca: "README.md" }, "mirrors.ca: these certificates cannot be used: there is no certificate in it"],
    [
      "mirrors",
      { ca: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" },
      "its certificate 1 of 1 cannot be read",
    ],
    ["mirrors", { ca: keyPem }, "it holds a private key"],
  ])("%s: %j", (name, value, said) => {
    const found = faults({ ...least, ...secrets, [name]: value });
    expect(found).toContainEqual(expect.stringContaining(said));
    expect(found.join("\n")).not.toContain("hunter2");
  });
});

describe("a local machine", () => {
  test.each(["debian:bookworm-slim", "Registry.example.com:5000/site/machine@sha256:0a", "sha256:0a"])(
    "may be made from %s",
    (image) => {
      expect(settings({ ...least, machine: { kind: "local", image } }).machine).toMatchObject({ image });
    },
  );

  test.each([
    [
      { memory: "1M" },
      "1M is too little: the sandbox may take limits.memory, 2500M, and the machine itself 500M | 3000M",
    ],
    [{ memory: "2999M" }, "| 3000M or more"],
  ])("%j holds no sandbox", (machine, said) => {
    const [fault, ...more] = faults({ ...least, machine: { kind: "local", ...machine } });
    expect(fault).toMatch(/^nemoclaw:machine\.memory: /);
    expect(fault).toContain(said);
    expect(more).toEqual([]);
  });

  test("needs more where the sandbox may take more", () => {
    const machine = { kind: "local", memory: "3000M" };
    expect(settings({ ...least, machine }).machine).toMatchObject(machine);
    expect(faults({ ...least, machine, limits: { memory: "4G" } })).toEqual([
      expect.stringContaining("| 4596M or more"),
    ]);
  });

  const demo = {
    inference: { kind: "openai", baseUrl: "http://demo.nemoclaw.internal:8080/v1", model: "demo-1" },
    telegram: { chats: [1], apiRoot: "http://demo.nemoclaw.internal:8081" },
    telegramToken: secrets.telegramToken,
  };

  test.each([{ kind: "local" }, { kind: "local", demo: false }, { ...existing, agentSocket: "/run/agent" }])(
    "%j has no demo to ask",
    (machine) => {
      expect(faults({ ...least, ...demo, machine })).toEqual([
        expect.stringMatching(
          /^nemoclaw:inference\.baseUrl: demo\.nemoclaw\.internal is only there with machine\.demo \| /,
        ),
        expect.stringMatching(/^nemoclaw:telegram\.apiRoot: /),
      ]);
    },
  );

  test("has one where it says so", () => {
    expect(settings({ ...least, ...demo, machine: { kind: "local", demo: true } }).machine).toMatchObject({
      demo: true,
    });
  });
});

describe("an existing machine", () => {
  test("needs a pinned host key and a way to log in", () => {
    expect(settings({ ...least, ...secrets, machine: existing }).machine).toEqual({
      ...existing,
      port: 22,
      arch: "amd64",
      gpu: "none",
    });
    expect(settings({ ...least, machine: { ...existing, agentSocket: "/run/agent" } }).machine.kind).toBe("existing");
    expect(faults({ ...least, machine: existing })).toEqual([
      expect.stringMatching(
        /^nemoclaw:sshPrivateKey: .*needs the private key for the machine \| .*nemoclaw:sshPrivateKey <KEYFILE$/,
      ),
    ]);
  });

  test.each([
    [{ hostKeys: [] }, "hostKeys: no host key is pinned, and none is ever taken on first use"],
    [{ hostKeys: ["SHA256:abc"] }, "is not a public host key | a line such as ssh-ed25519"],
    [{ hostKeys: [hostKey.slice(0, 40)] }, "is not a public host key"],
    [{ hostKeys: undefined }, "hostKeys is missing"],
    [{ address: "root@gpu" }, "is not a host name or an address"],
    [{ address: "gpu:22" }, "is not a host name or an address"],
    [{ address: "-oProxyCommand=x" }, "is not a host name or an address"],
    [{ user: "a b" }, "expected the name of a user"],
    [{ port: 0 }, "expected at least 1"],
    [{ arch: "arm" }, "| arm64"],
    [{ gpu: { count: 2 } }, "gpu.model: a GPU count without a GPU model | gpu: { model: H100, count: 2 }"],
    [{ gpu: "H100" }, "expected none, or { model: H100, count: 1 }"],
    [{ via: { kind: "jump", address: "b", user: "u" } }, "via.hostKeys: hostKeys is missing"],
    [{ via: { kind: "command", argv: [] } }, "via.argv: the list is empty"],
    [{ via: { kind: "proxy" } }, "expected one of jump, command"],
    [{ agentSocket: "agent" }, "expected an absolute path"],
    [{ privateKey: "x" }, '"privateKey" is not known here'],
  ])("%j", (change, said) => {
    const found = faults({ ...least, ...secrets, machine: { ...existing, ...change } });
    expect(found).toContainEqual(expect.stringContaining(said));
  });
});

describe("secrets", () => {
  test("are known by name only", () => {
    const found = settings({ ...least, ...secrets, telegram: { chats: [-100, 5] } });
    expect([...found.secrets]).toEqual(secretNames);
    expect(JSON.stringify(found)).not.toContain(secrets.inferenceKey);
    expect(JSON.stringify(found)).not.toContain(secrets.telegramToken);
  });

  test.each(secretNames)("%s in clear is refused, with the command that encrypts it, and never shown", (name) => {
    const found = faults(
      { ...least, ...secrets },
      secretNames.filter((other) => other !== name),
    );
    expect(found).toEqual([
      expect.stringMatching(new RegExp(`^nemoclaw:${name}: .*in clear.*config set --secret nemoclaw:${name}`)),
    ]);
    expect(found.join("\n")).not.toContain(secrets[name]);
  });

  test.each([
    ["inferenceKey", "two words"],
    ["inferenceKey", ""],
    ["inferenceKey", "key\n"],
    ["telegramToken", "not-a-token"],
    ["tunnelToken", "a\nb"],
    ["sshPrivateKey", "/home/me/.ssh/id_ed25519"],
  ])("%s: %j does not look right", (name, value) => {
    const found = faults({ ...least, ...secrets, [name]: value });
    expect(found).toEqual([expect.stringMatching(new RegExp(`^nemoclaw:${name}: this is not .*; expected .*`))]);
    if (value !== "") expect(found.join("\n")).not.toContain(value);
  });

  test.each([
    ["telegramToken", { telegram: { chats: [1] } }],
    ["tunnelToken", { tunnel: { kind: "named", hostname: "a.example.com" } }],
    ["inferenceKey", { inference: { kind: "nvidia", model: "m" } }],
  ])("%s is asked for where it is needed", (name, more) => {
    expect(faults({ ...least, ...more })).toEqual([expect.stringContaining(`config set --secret nemoclaw:${name}`)]);
  });

  test("one inside a setting would hide the whole of it", () => {
    expect(faults(least, ["machine"])).toEqual([expect.stringMatching(/^nemoclaw:machine: a secret in here hides/)]);
  });
});

describe("the policy", () => {
  test("is refused where the runtime is coarser, once for each name, with how to take it", () => {
    const found = read({ ...least, policy: { presets: ["github", "npm"] } }).faults ?? [];
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      path: "nemoclaw:runtime.accept",
      instead: "accept: [binaries], knowing this; or a policy without it",
    });
    expect(found[0]?.message).toContain("network_policies.github.binaries: every program");
    expect(found[0]?.message).toContain("network_policies.npm.binaries: every program");
  });

  test("is taken when that is accepted", () => {
    const found = settings({
      ...least,
      runtime: { kind: "embedded", accept: ["binaries"] },
      policy: { presets: ["github"] },
    });
    expect(found.policySources.map(({ name }) => name)).toEqual(["baseline", "preset github"]);
  });

  test("keeps the file and line of its own faults", () => {
    const { faults: found = [] } = parseConfig(
      { ...least, policy: { file: "mine.yaml" } },
      {
        readFile: (path) =>
          path.endsWith("mine.yaml") ? "version: 1\nprocess: { run_as_user: root }\n" : readFileSync(path, "utf8"),
        encrypted: new Set(),
      },
    );
    expect(found).toEqual([expect.objectContaining({ file: "mine.yaml", line: 2, path: "process.run_as_user" })]);
  });
});

describe("mirrors", () => {
  test("lose the slash at their end, and take PEM text or a file of it", () => {
    const pem = readFileSync(process.env.NODE_EXTRA_CA_CERTS ?? "/etc/ssl/certs/ca-certificates.crt", "utf8").match(
      /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n/,
    )?.[0];
    const found = settings({
      ...least,
      mirrors: { npm: `${publicMirrors.npm}/`, artifacts: "file:///srv/mirror", ca: pem },
    });
    expect(found.mirrors).toEqual({ npm: publicMirrors.npm, artifacts: "file:///srv/mirror", ca: pem });
  });
});

test("sizes are powers of 1024", () => {
  expect(bytesOf("2500M")).toBe(2500 * 2 ** 20);
  fc.assert(fc.property(fc.integer({ min: 0, max: 10_000 }), (count) => bytesOf(`${count}G`) === count * 2 ** 30));
  for (const wrong of ["", "G", "1.5G", "1GB", "-1G", "1 G", "1g"]) expect(bytesOf(wrong)).toBeNaN();
});

test("whatever stands in the configuration, the answer is settings or faults", () => {
  const keys = fc.constantFrom(
    ...Object.keys(least),
    "policy",
    "telegram",
    "tunnel",
    "mirrors",
    "limits",
    "inferenceKey",
    "zzz",
  );
  fc.assert(
    fc.property(fc.dictionary(keys, fc.jsonValue()), (raw) => {
      const { settings: taken, faults: found } = read(raw);
      expect(taken === undefined).toBe((found?.length ?? 0) > 0);
    }),
  );
});
