import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { newKey, startFakeHost } from "../support/fake-host.ts";
import { SmallClone } from "../support/small-clone.ts";
import { someMachine } from "../support/some-machine.ts";
import { putProgram } from "../support/stand-ins.ts";

/** What `scripts/doctor` says of a stack on a machine that exists (a stand-in), whose state a stand-in for the CLI exports. */
async function doctor(exported: string): Promise<{ exitCode: number | null; missing: string[]; faults: string[] }> {
  await using fake = await startFakeHost();
  return await doctorOn(fake, () => exported);
}

type FakeHost = Awaited<ReturnType<typeof startFakeHost>>;

async function doctorOn(fake: FakeHost, exportedOf: (machine: FakeHost["machine"]) => string) {
  const exported = exportedOf(fake.machine);
  for (const name of ["docker", "systemctl", "dpkg-query"]) putProgram(join(fake.folder, "bin"), name, "exit 1");
  await using clone = new SmallClone({
    "pulumi-language-nodejs": "",
    pulumi: `case "$*" in version) echo v3.270.0 ;; "stack export"*) ${exported} ;; *) cat "$here/key" ;; esac`,
  });
  const { port, user, hostKeys, privateKey = "" } = fake.machine;
  writeFileSync(join(clone.folder, "key"), privateKey);
  mkdirSync(join(clone.root, "stacks"), { recursive: true });
  const machine = { kind: "existing", address: "127.0.0.1", port, user, hostKeys };
  const settings = {
    "nemoclaw:machine": machine,
    "nemoclaw:sshPrivateKey": { secure: "v1:abc" },
    "nemoclaw:runtime": { kind: "embedded", accept: ["binaries"] },
  };
  writeFileSync(join(clone.root, "stacks/Pulumi.prod.yaml"), JSON.stringify({ config: settings }));
  const { exitCode, output } = await clone.script("doctor", ["-s", "prod", "--json"]).ended;
  expect(output).toContain("{");
  const { missing, faults } = JSON.parse(output.slice(output.indexOf("{"), output.lastIndexOf("}") + 1));
  const told = [...missing, ...faults].map(({ found }: { found: string }) => found);
  return {
    exitCode,
    told,
    missing: missing
      .filter(({ what }: { what: string }) => what === "state" || what === "machine")
      .map(({ found }: { found: string }) => found),
    faults: faults.map(({ found }: { found: string }) => found),
  };
}

const sandboxOn = (machine: object, sandbox: string) => {
  const type = "nemoclaw:host:Sandbox";
  const urn = `urn:pulumi:prod::nemoclaw::${type}::${sandbox}`;
  const inputs = { machine: { ...someMachine, ...machine }, sandbox, runtime: "embedded", running: true };
  return { urn, type, inputs, outputs: inputs };
};

const state = (deployment: object | null) => `printf %s '${JSON.stringify({ version: 3, deployment })}'`;

describe("what doctor makes of a state", { timeout: 60_000 }, () => {
  test("of a stack that nothing was ever made of: nothing is missing, and nothing is wrong", async () => {
    expect(await doctor(state(null))).toMatchObject({ missing: [], faults: [] });
  });

  test("of one that cannot be read: nobody can tell that it is well", async () => {
    const { exitCode, missing } = await doctor("echo 'AccessDenied: no' >&2; exit 255");
    expect(exitCode).toBe(1);
    expect(missing).toEqual([expect.stringMatching(/state of stack prod could not be read.*AccessDenied: no/)]);
  });

  test("whose first machine cannot be looked at: what is wrong on another is told all the same", async () => {
    await using fake = await startFakeHost();
    const { exitCode, missing, faults } = await doctorOn(fake, (machine) => {
      const first = { ...machine, id: "existing:first", hostKeys: [newKey().public] };
      return state({ resources: [sandboxOn(first, "main"), sandboxOn(machine, "second")] });
    });
    expect(exitCode).toBe(1);
    expect(missing).toEqual([expect.stringMatching(/^nothing is known of the machine: .*did not prove/)]);
    expect(faults).toContainEqual(expect.stringMatching(/^sandbox main: nothing is known of it: .*did not prove/));
    expect(faults).toContainEqual(expect.stringMatching(/^sandbox second: (?!nothing is known)/));
  });

  test("whose only machine's disk is full: that is told once", async () => {
    await using fake = await startFakeHost();
    putProgram(join(fake.folder, "bin"), "df", "echo head; echo /dev/sda1 90000000 1 102400 99% /");
    const { told, faults } = await doctorOn(fake, (machine) => state({ resources: [sandboxOn(machine, "main")] }));
    expect(told.filter((found) => found === "0.1 GiB are free on /")).toHaveLength(1);
    expect(faults).toContainEqual("the agent does not answer");
  });

  test("so it is where that has several sandboxes, and where the stack has another machine, too", async () => {
    await using fake = await startFakeHost();
    putProgram(join(fake.folder, "bin"), "df", "echo head; echo /dev/sda1 90000000 1 102400 99% /");
    const toldOf = async (...more: ((machine: object) => object)[]) => {
      const { told } = await doctorOn(fake, (machine) =>
        state({ resources: [sandboxOn(machine, "main"), ...more.map((one) => one(machine))] }),
      );
      return told.filter((found) => found.includes("free on"));
    };
    expect(await toldOf((machine) => sandboxOn(machine, "second"))).toEqual(["0.1 GiB are free on /"]);
    await using second = await startFakeHost();
    putProgram(join(second.folder, "bin"), "df", "echo head; echo /dev/sda1 90000000 1 204800 99% /");
    expect(await toldOf(() => sandboxOn({ ...second.machine, id: "existing:other" }, "second"))).toEqual([
      "0.1 GiB are free on /",
      `0.2 GiB are free on / of 127.0.0.1:${second.machine.port}`,
    ]);
  });

  test.each([
    [
      "passphrase must be set with PULUMI_CONFIG_PASSPHRASE",
      /set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE/,
    ],
    ["AccessDenied: no", /pulumi login, or set PULUMI_BACKEND_URL/],
  ])("of a cloud machine's that cannot be read (%s): nobody says that it is not made", async (said, hint) => {
    await using clone = new SmallClone({
      "pulumi-language-nodejs": "",
      pulumi: `case "$*" in version) echo v3.270.0 ;; *) echo 'error: ${said}' >&2; exit 255 ;; esac`,
    });
    const example = readFileSync(join(clone.root, "stacks/examples/aws.yaml"), "utf8");
    writeFileSync(join(clone.root, "stacks/Pulumi.prod.yaml"), example);
    const { exitCode, output } = await clone.script("doctor", ["-s", "prod"]).ended;
    expect(exitCode).toBe(1);
    expect(output).toMatch(/aws, .*, nobody knows whether it is made/);
    expect(output).toMatch(hint);
  });
});
