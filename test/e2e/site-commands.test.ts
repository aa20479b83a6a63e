import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { docker } from "../../host/local/docker.ts";
import { createLocalMachine, type LocalMachine } from "../../host/local/machine.ts";
import { sweepLocal } from "../../host/local/sweep.ts";
import { newKeyPair } from "../../host/openssh-key.ts";
import { Sensitive } from "../../host/sensitive.ts";
import { testStackPrefix } from "../../scripts/test-things.ts";
import { RealCli } from "../fixtures/engine/real-cli.ts";
import { newKey } from "../support/fake-host.ts";

/**
 * Site commands by the provider that runs them, on a machine and behind a jump host (the same machine, seen from itself). Skipped
 * where the real Pulumi CLI or pulumi-resource-command is not on PATH.
 */
const repository = join(import.meta.dirname, "../..");
const cli = RealCli.find();
const plugin = (process.env.PATH ?? "").split(delimiter).some((at) => existsSync(join(at, "pulumi-resource-command")));
const missing = !cli ? "no Pulumi CLI" : plugin ? undefined : "no pulumi-resource-command";

const run = Math.random().toString(36).slice(2, 8);
const owner = { project: "nemoclaw-test", stack: `${testStackPrefix}-site`, installation: run };
const name = `nemoclaw-site-${run}`;
const [hostKey, userKey] = [newKeyPair(), newKeyPair()];
const folder = mkdtempSync(join(tmpdir(), "nemoclaw-site-"));
const stack = { folder, stack: "site" };
const token = `token-${run}-of-the-inventory`;
// Only the machine makes this of its command.
const [printing, output] = [`echo out-$((20 + 22))-${run}`, `out-42-${run}`];
let local: LocalMachine;
let printed = "";

beforeAll(async () => {
  if (missing) return;
  local = await createLocalMachine({
    name,
    owner,
    network: name,
    hostKey: { publicKey: hostKey.public, privateKey: new Sensitive(hostKey.private) },
    authorizedKey: userKey.public,
  });
  process.env.PULUMI_CONFIG_PASSPHRASE = "a passphrase for a test";
  mkdirSync(join(folder, "stacks"));
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(
    join(folder, "Pulumi.yaml"),
    "name: nemoclaw\nruntime: { name: nodejs, options: { typescript: false } }\nmain: stacks/index.ts\nstackConfigDir: stacks\n",
  );
  pulumi("stack", "init");
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  if (!missing) await sweepLocal(owner);
});

function pulumi(...args: string[]): string {
  const { code, said } = (cli as RealCli).run(stack as never, args);
  printed += said;
  expect(code, said).toBe(0);
  return said;
}

/** The stack's program: the component as a stack uses it, for these commands; an RSA key is pinned first. */
function write(commands: string, via?: object): void {
  const pins = [newKey("rsa").public, hostKey.public];
  const machine = {
    id: "existing:site",
    address: via ? "127.0.0.1" : local.address,
    port: via ? 22 : local.port,
    user: "admin",
    hostKeys: pins,
    ...(via ? { via: { kind: "jump", address: local.address, port: local.port, user: "admin", hostKeys: pins } } : {}),
    arch: "amd64",
    gpu: "none",
    owner,
  };
  writeFileSync(join(folder, "key"), userKey.private, { mode: 0o600 });
  writeFileSync(
    join(folder, "stacks/index.ts"),
    `import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { SiteCommands } from "${repository}/components/site-commands.ts";
const privateKey = pulumi.secret(readFileSync("${folder}/key", "utf8"));
const token = pulumi.secret("${token}");
new SiteCommands("site-before", { on: { machine: { ...${JSON.stringify(machine)}, privateKey } }, commands: [${commands}] });
`,
  );
}

const agent = (create: string) =>
  `{ name: "agent", create: ${JSON.stringify(create)}, update: "${printing}; echo updated >>/tmp/site", delete: "${printing}; echo deleted >/tmp/site-gone", stdin: token }`;

/** Past SSH. */
async function there(script: string): Promise<string> {
  return (await docker(["exec", local.containerId, "sh", "-c", script], { what: "look" })).trim();
}

function searched(): string {
  const files = readdirSync(join(folder, "state"), { recursive: true, withFileTypes: true }).filter((f) => f.isFile());
  return printed + files.map((file) => readFileSync(join(file.parentPath, file.name), "utf8")).join("\n");
}

test.for([
  ["on a machine", undefined],
  ["behind a jump host", {}],
] as const)(
  "%s: create, update and delete, the secret by standard input, nothing printed",
  async ([, via], { skip }) => {
    if (missing) skip(`${missing} on PATH; with both, this runs commands on a machine`);
    write(agent(`cat >/tmp/site; ${printing}`), via);
    const made = pulumi("up", "--yes", "--skip-preview", "--diff");
    expect(made).toMatch(/command:remote:Command.*site-before-agent/);
    expect(await there("cat /tmp/site; stat -c %U /tmp/site")).toBe(`${token}admin`);

    write(agent(`cat >/tmp/site; echo again; ${printing}`), via);
    pulumi("up", "--yes", "--skip-preview", "--diff");
    expect(await there("cat /tmp/site")).toBe(`${token}updated`);
    pulumi("preview", "--expect-no-changes");

    pulumi("destroy", "--yes", "--skip-preview");
    expect(await there("cat /tmp/site-gone; rm /tmp/site /tmp/site-gone")).toBe("deleted");
    for (const secret of [token, userKey.private.split("\n")[2] as string, output]) {
      expect(searched()).not.toContain(secret);
    }
  },
);
