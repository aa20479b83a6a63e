import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newKey, startFakeHost } from "../support/fake-host.ts";
import { SmallClone } from "../support/small-clone.ts";
import { someMachine } from "../support/some-machine.ts";

/** Machines that are told apart by their ports; the second lets nobody speak to it, as its key is another one. */
describe("of a stack with several sandboxes", { timeout: 120_000 }, () => {
  let clone: SmallClone;
  let fake: Awaited<ReturnType<typeof startFakeHost>>;
  beforeAll(async () => {
    fake = await startFakeHost();
    clone = new SmallClone({
      "pulumi-language-nodejs": "",
      pulumi: `case "$*" in version) echo v3.270.0 ;; *) cat "$here/state" ;; esac`,
    });
  });
  afterAll(async () => {
    await clone[Symbol.asyncDispose]();
    await fake[Symbol.asyncDispose]();
  });

  /** Runs a script on a stack whose sandboxes have these names, each on a machine of its own; the last is the fake one. */
  async function run(names: readonly string[], script: string, ...words: string[]) {
    const resources = names.flatMap((sandbox, at) => {
      const isLast = at === names.length - 1;
      const port = isLast ? fake.machine.port : at + 1;
      const machine = { ...someMachine, id: `m${at}`, port, hostKeys: [newKey().public], privateKey: newKey().private };
      const inputs = { machine, sandbox, runtime: "embedded" };
      return ["nemoclaw:host:Workspace", "nemoclaw:host:Sandbox"].map((type) => {
        const urn = `urn:pulumi:prod::nemoclaw::${type}::s${at}`;
        return { urn, type, inputs, outputs: { ...inputs, path: "/x" } };
      });
    });
    writeFileSync(join(clone.folder, "state"), JSON.stringify({ version: 3, deployment: { resources } }));
    return clone.script(script, ["-s", "prod", ...words]).ended;
  }

  const commands: [string, ...string[]][] = [
    ["shell", "--", "true"],
    ["workspace", "export", "x.tgz"],
    ["workspace", "import", "x.tgz", "--replace"],
    ["chat", "hello"],
  ];

  test.each(commands)("scripts/%s %s takes none that nobody has named, and says which there are", async (...words) => {
    const { exitCode, output } = await run(["main", "second"], ...words);
    expect(output).toBe(
      `Stack prod has 2 sandboxes, and scripts/${words[0]} acts on one.\n  try   --sandbox main\n        --sandbox second\n`,
    );
    expect(exitCode).toBe(64);
  });

  test.each([
    ["shell", "--", "true"],
    ["chat", "hello"],
  ])("scripts/%s acts on the one that is named", async (script, ...words) => {
    const { output } = await run(["main", "second"], script, "--sandbox", "second", ...words);
    expect(output).toContain(`admin@127.0.0.1:${fake.machine.port} did not prove to be the pinned machine`);
  });

  test("scripts/workspace export asks no machine for what it cannot write here", async () => {
    const before = fake.seen.connections;
    const { exitCode, output } = await run(["main"], "workspace", "export", "no-such/x.tgz");
    expect(output).toMatch(/^no-such\/x\.tgz cannot be written\n {2}said {2}ENOENT.*\n {2}try {3}mkdir -p no-such,/);
    expect([exitCode, fake.seen.connections]).toEqual([1, before]);
  });

  test("two of one name are told apart by their machines, and the only one needs no name", async () => {
    const last = `main on 127.0.0.1:${fake.machine.port}`;
    const ask = await run(["main", "main"], "chat", "--sandbox", "main", "hello");
    expect(ask.output).toBe(
      `Stack prod has more than one sandbox main.\n  try   --sandbox 'main on 127.0.0.1:1'\n        --sandbox '${last}'\n`,
    );
    expect(ask.exitCode).toBe(64);
    const other = await run(["main"], "chat", "--sandbox", "second", "hello");
    expect(other).toMatchObject({
      exitCode: 64,
      output: expect.stringMatching(/no sandbox second\.\n {2}try {3}--sandbox main\n$/),
    });
    for (const [names, words] of [
      [
        ["main", "main"],
        ["--sandbox", last, "hello"],
      ],
      [["main"], ["hello"]],
    ] as const) {
      const { output } = await run(names, "chat", ...words);
      expect(output).toContain("did not prove to be the pinned machine");
    }
  });
});
