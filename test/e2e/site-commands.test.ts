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
import { RealCli } from "../fixtures/engine/real-cli.ts";
import { ContainerMachine } from "../support/container-machine.ts";
import { newKey } from "../support/fake-host.ts";

/**
 * Site commands by the provider that runs them, on a machine and behind a jump host (the same machine, seen from itself). Skipped
 * where the real Pulumi CLI or pulumi-resource-command is not on PATH.
 */
const repository = join(import.meta.dirname, "../..");
const cli = RealCli.find();
const plugin = (process.env.PATH ?? "").split(delimiter).some((at) => existsSync(join(at, "pulumi-resource-command")));
const missing = !cli ? "no Pulumi CLI" : plugin ? undefined : "no pulumi-resource-command";

const box = new ContainerMachine("site");
const { userKey } = box;
const run = box.owner.installation;
const folder = mkdtempSync(join(tmpdir(), "nemoclaw-site-"));
const stack = { folder, stack: "site" };
const token = `token-${run}-of-the-inventory`;
// Only the machine makes this of its command.
const [printing, output] = [`echo out-$((20 + 22))-${run}`, `out-42-${run}`];
let printed = "";

beforeAll(async () => {
  if (missing) return;
  await box.make();
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
  if (!missing) await box.remove();
});

function pulumi(...args: string[]): string {
  const { code, said } = (cli as RealCli).run(stack as never, args);
  printed += said;
  expect(code, said).toBe(0);
  return said;
}

/** The stack's program: the component as a stack uses it, for these commands; an RSA key is pinned first. */
function write(commands: string, via?: object): void {
  const hostKeys = [newKey("rsa").public, box.hostKey.public];
  const { address, port } = box.made;
  const { privateKey: _, ...machine } = box.machine({
    ...{ id: "existing:site", hostKeys },
    ...(via && { address: "127.0.0.1", port: 22, via: { kind: "jump", address, port, user: "admin", hostKeys } }),
  });
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

async function there(script: string): Promise<string> {
  return (await box.shell(script)).trim();
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
