import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { runInPulumiStack } from "@pulumi/pulumi/runtime/stack.js";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { AgentSandbox } from "../../components/agent-sandbox.ts";
import { provideMachine } from "../../components/machine/provide-machine.ts";
import { SandboxHost } from "../../components/sandbox-host.ts";
import { parse as check } from "../../policies/parse.ts";
import { TelegramBridge } from "../../resources/telegram-bridge.ts";
import { machineSettings } from "../../stacks/machine-kinds/index.ts";
import { declare } from "../support/declared-graph.ts";
import { newKey } from "../support/fake-host.ts";
import { pinFromCommitted } from "../support/own-lock.ts";
import { withOpenshell } from "../support/pinned-openshell.ts";

/** What Pulumi's saved plans cannot bear: resources made inside an `apply`, and provider inputs that differ at the next run. */

const key = pulumi.secret("-----BEGIN OPENSSH PRIVATE KEY-----\nx\n");
const aws = { kind: "aws", region: "eu-central-1", zone: "eu-central-1a", image: { id: "ami-0123456789abcdef0" } };
const gcp = { kind: "gcp", project: "my-project-123", zone: "europe-west4-a", machineType: "g2-standard-8" };
const cidrs = ["203.0.113.0/24"];
const machines = {
  local: { kind: "local", demo: true },
  existing: { kind: "existing", address: "box.example", user: "admin", hostKeys: [newKey().public.trim()] },
  "aws by Session Manager": { ...aws, instanceType: "g6.xlarge" },
  "aws with an address": { ...aws, instanceType: "g6.xlarge", access: { kind: "public", cidrs } },
  "gcp by IAP": { ...gcp, image: { name: "projects/p/global/images/i" } },
  "gcp with an address": { ...gcp, image: { name: "projects/p/global/images/i" }, access: { kind: "public", cidrs } },
};

/** What a resource has once it is made. */
const madeOutputs = (type: string, name: string) => ({
  ...{ containerId: "c0ffee", address: "127.0.0.1", port: 2222, user: "admin", network: "net", name },
  ...(type.endsWith("SshKeyPair") && { publicKey: `ssh-ed25519 ${name}`, privateKey: `private ${name}\n` }),
  ...{ publicIp: "198.51.100.9", instanceId: "4711", email: "machine@p.iam.gserviceaccount.com" },
});

/** The resources of a whole environment, as long as nothing is made, and once everything is. */
function environment(machine: object, preview: boolean) {
  const checked = check(machineSettings, machine);
  if (checked.faults) throw new Error(checked.faults.map(({ message }) => message).join("\n"));
  return declare(
    async () => {
      const on = await provideMachine("machine", { ...checked.value, privateKey: key } as never);
      const host = new SandboxHost("host", { on, runtime: { kind: "embedded" } });
      const agent = new AgentSandbox("main", {
        host,
        policy: { version: 1, network_policies: {} } as never,
        agent: { version: "2026.9.6" },
        limits: { memory: "2500M", cpus: 2, pids: 512, logs: "200M" },
        inference: { baseUrl: "https://model.example/v1", model: "m", key: pulumi.secret("k") },
      });
      new TelegramBridge("telegram", { ...agent.reach, chats: [1], token: pulumi.secret("t") }, agent.beside);
    },
    {
      preview,
      outputs: madeOutputs,
      call: (token, { filter }) => {
        const [, name] = /name = "([^"]+)"/.exec(String(filter)) ?? [];
        if (token.includes("getMachineTypes")) return { machineTypes: [{ name }] };
        if (token.includes("getImages")) return { images: [{ name }] };
        return token.includes("getAmi") ? { architecture: "x86_64" } : { instanceTypes: ["g6.xlarge"] };
      },
    },
  );
}

type Resources = Awaited<ReturnType<typeof declare>>;
const names = (resources: Resources) => resources.map(({ type, name }) => `${name} (${type})`).toSorted();
const providersOf = (resources: Resources) => resources.filter(({ type }) => type.startsWith("pulumi:providers:"));

describe.each(Object.entries(machines))("%s", (_, machine) => {
  test("declares the same resources before anything is made as afterwards", async () => {
    const before = names(await environment(machine, true));
    expect(before.length).toBeGreaterThan(8);
    expect(before).toEqual(names(await environment(machine, false)));
  });

  test("puts into a provider's inputs only what the stack file says", async () => {
    const providers = providersOf(await environment(machine, true));
    expect(providers).toEqual(providersOf(await environment(machine, false)));
    for (const { inputs } of providers) {
      const allowed = ["region", "zone", "project", "allowedAccountIds", "defaultTags", "defaultLabels"];
      const unlisted = Object.keys(inputs).filter((name) => !allowed.includes(name) && !/^skip/.test(name));
      expect(unlisted).toEqual([]);
    }
  });
});

describe("the whole program", () => {
  const agent = {
    inference: { kind: "nvidia", model: "nvidia/some-model" },
    telegram: { chats: [1] },
    policy: { presets: ["github"] },
  };
  const folder = mkdtempSync(join(tmpdir(), "nemoclaw-plan-safety-"));
  beforeAll(() => pinFromCommitted(folder, (lock) => Object.assign(lock, withOpenshell(lock, "0.1.10"))));
  afterAll(() => {
    delete process.env.NEMOCLAW_LOCK_FILE;
    rmSync(folder, { recursive: true });
  });
  const tunnelToken = Buffer.from(JSON.stringify({ a: "account", s: "secret", t: "id" })).toString("base64");
  const secrets = {
    ...{ inferenceKey: "inference-key", tunnelToken, sshPrivateKey: newKey().private },
    telegramToken: `4711:${"t".repeat(35)}`,
  };
  const stacks: Record<string, Record<string, unknown>> = {
    "embedded, with a quick tunnel": {
      ...agent,
      ...{ machine: machines.local, runtime: { kind: "embedded", accept: ["binaries"] } },
      tunnel: { kind: "quick", access: "public", reason: "a test" },
    },
    "OpenShell, with a named tunnel and commands of the site": {
      ...agent,
      ...{ machine: machines.existing, runtime: { kind: "openshell" } },
      tunnel: { kind: "named", hostname: "agent.example.com" },
      siteCommands: [
        { name: "inventory", create: "inventory start", stdin: "inventoryToken" },
        { name: "last", create: "last", when: "after" },
      ],
    },
  };
  const run = async (settings: Record<string, unknown>, preview: boolean) => {
    const plain = Object.entries(settings).map(([name, value]) => [`nemoclaw:${name}`, JSON.stringify(value)]);
    const keys = Object.entries(secrets).map(([name, value]) => [`nemoclaw:${name}`, value]);
    pulumi.runtime.setAllConfig(Object.fromEntries([...plain, ...keys, ["site:inventoryToken", "s"]]), [
      ...Object.keys(secrets).map((name) => `nemoclaw:${name}`),
      "site:inventoryToken",
    ]);
    vi.resetModules();
    return declare(() => runInPulumiStack(() => import("../../stacks/index.ts")), { preview, outputs: madeOutputs });
  };

  test.each(Object.entries(stacks))("%s: the same resources at first as afterwards", async (_, settings) => {
    const before = names(await run(settings, true));
    expect(before.join("\n")).toMatch(/TelegramBridge[\s\S]*CloudflareTunnel/);
    expect(before).toEqual(names(await run(settings, false)));
  });

  test.each(Object.entries(stacks))("%s: the same inputs at every run", async (_, settings) => {
    const [first, again] = [await run(settings, false), await run(settings, false)];
    expect(again).toEqual(first);
  });
});

class Thing extends pulumi.CustomResource {
  declare readonly out: pulumi.Output<string>;

  constructor(name: string) {
    super("t:i:Thing", name, { out: undefined });
  }
}

test("a resource inside an apply is seen", async () => {
  const program = (preview: boolean) =>
    declare(
      () => {
        new Thing("first").out.apply(() => new Thing("late"));
      },
      { preview, outputs: () => ({ out: "x" }) },
    );
  expect(names(await program(true))).toEqual(["first (t:i:Thing)"]);
  expect(names(await program(false))).toEqual(["first (t:i:Thing)", "late (t:i:Thing)"]);
});
