import { spawnSync } from "node:child_process";
import { Logging } from "@pulumi/command/types/enums/remote/index.js";
import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, test } from "vitest";
import { comesAfter } from "../../components/comes-after.ts";
import { SandboxHost } from "../../components/sandbox-host.ts";
import { SiteCommands } from "../../components/site-commands.ts";
import { type DeclaredResource, declare } from "../support/declared-graph.ts";

const machine = {
  id: "existing:h:22",
  address: "h.example.com",
  port: 22,
  user: "ubuntu",
  hostKeys: ["ssh-rsa OLD", "ssh-ed25519 HOST"],
  privateKey: "KEY",
  via: {
    kind: "jump",
    address: "j.example.com",
    port: 2222,
    user: "hop",
    hostKeys: ["ssh-rsa OLD", "ssh-ed25519 JUMP"],
  },
  arch: "amd64" as const,
  gpu: "none" as const,
  owner: { project: "p", stack: "s", installation: "i" },
};

const spaced = { ...machine, hostKeys: [" ssh-rsa OLD", " ssh-ed25519 HOST\n"] };

let resources: DeclaredResource[];
beforeAll(async () => {
  resources = await declare(() => {
    const commands = [
      { name: "ca", create: "update-ca-certificates" },
      {
        name: "agent",
        create: "install-agent",
        update: undefined,
        delete: "remove-agent",
        stdin: pulumi.secret("TOKEN"),
      },
    ];
    const before = new SiteCommands("site-before", { on: { machine }, commands });
    const host = new SandboxHost("host", { on: { machine }, runtime: { kind: "embedded" } }, comesAfter(before.last));
    new SiteCommands(
      "site-after",
      { on: { machine: spaced }, commands: [{ name: "mount", create: "mount -a" }] },
      { after: [host] },
    );
  });
});

const named = (name: string) => resources.find((each) => each.name === name) as DeclaredResource;

test.each([
  ["one of several", "site-before-ca"],
  ["one that reads a secret", "site-before-agent"],
  ["one of a machine whose keys were written with spaces", "site-after-mount"],
])("connect with pinned host keys of machine and jump host, none of them RSA, and print nothing: %s", (_, name) => {
  const { connection, logging } = named(name).inputs as { connection: Record<string, unknown>; logging: string };
  const open = JSON.stringify(connection);
  expect(logging).toBe(Logging.None);
  expect(open).toContain('"hostKey":"ssh-ed25519 HOST"');
  expect(open).toContain('"hostKey":"ssh-ed25519 JUMP"');
  expect(open).toContain('"host":"j.example.com"');
});

describe("are refused without a host key, by the component itself", () => {
  const keyed = (own: pulumi.Input<string>[], jump: string[]) => ({
    ...machine,
    hostKeys: own,
    via: { ...machine.via, hostKeys: jump },
  });
  const commands = [{ name: "ca", create: "update-ca-certificates" }];
  const ed25519 = "ssh-ed25519 HOST";

  test.each([
    ["of the machine", keyed([], [ed25519]), /connection\.hostKey[\s\S]*host-key/],
    ["of the machine but an empty line", keyed([" "], [ed25519]), /connection\.hostKey[\s\S]*host-key/],
    ["of the jump host", keyed([ed25519], []), /connection\.proxy\.hostKey[\s\S]*host-key/],
    ["that is not RSA", keyed(["ssh-rsa OLD"], [ed25519]), /not RSA/],
  ])("%s", async (_, on, said) => {
    const program = declare(() => void new SiteCommands("site", { on: { machine: on }, commands }));
    await expect(program).rejects.toThrow(said);
  });
});

test("get secrets by standard input alone", () => {
  const { stdin, ...rest } = named("site-before-agent").inputs;
  expect(JSON.stringify(stdin)).toContain("TOKEN");
  expect(stdin).not.toBe("TOKEN");
  expect(JSON.stringify(rest)).not.toContain("TOKEN");
  expect(named("site-before-agent").options.secretOutputs).toEqual(expect.arrayContaining(["stdout", "stderr"]));
});

test("take all of their standard input, also where they do not read it, and keep their exit code", () => {
  const { create, delete: remove, update } = named("site-before-agent").inputs as Record<string, string>;
  expect(update).toBeUndefined();
  expect(remove).toMatch(/\nremove-agent$/);
  const script = String(create).replace("install-agent", "exit 3");
  const { status, error } = spawnSync("sh", ["-c", script], { input: "x".repeat(1 << 20) });
  expect({ status, error }).toEqual({ status: 3, error: undefined });
  expect(named("site-before-ca").inputs.create).toBe("update-ca-certificates");
});

test("come one after the other, before the runtime or after it", () => {
  const after = (name: string) => JSON.stringify(named(name).options.dependsOn ?? []);
  expect(after("site-before-agent")).toContain("site-before-ca");
  expect(after("host-docker")).toContain("site-before-agent");
  expect(after("host-runtime")).toContain("site-before-agent");
  expect(after("site-after-mount")).toContain("host-docker");
});
