import { existsSync, readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { newKey } from "../support/fake-host.ts";
import { SmallClone } from "../support/small-clone.ts";
import { someMachine } from "../support/some-machine.ts";

/** Notes how it was called; called so for the first time, it works until it is interrupted. */
const interruptible = (when: string) => `echo "$*" >>"$here/calls"
case "$*" in
  *${when}*)
    if mkdir "$here/once" 2>/dev/null; then
      trap 'exit 130' INT
      echo "Setting up something"
      while :; do sleep 0.1; done
    fi ;;
esac`;

function called(clone: SmallClone, what: string): string[] {
  const file = join(clone.folder, "calls");
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  return lines.filter((line) => line.includes(what));
}

describe("an interrupt or a limit while a program runs, with stand-ins for the programs", { timeout: 120_000 }, () => {
  test("apt-get is not run again, and nobody is told that the packages are there", async () => {
    await using clone = new SmallClone({
      "apt-get": interruptible("install"),
      "apt-cache": "",
      sudo: 'shift; exec "$@"',
    });
    const run = clone.lines(`import { installPackages } from "./scripts/apt-packages.ts";
await installPackages([{ name: "x", reason: "y" }], (line) => console.log(line)).then(
  () => console.log("installed"),
  (error) => console.log(error.kind),
);`);
    expect(await run.printed(/Setting up/)).toBe(true);
    run.kill("SIGINT");
    expect((await run.ended).output).toBe("Setting up something\ncancelled\n");
    expect(called(clone, "install")).toHaveLength(1);
    expect(called(clone, "update")).toEqual([]);
  });

  test("apt-get that takes too long for a browser is ended, and the tests go on without", async () => {
    await using clone = new SmallClone({
      "apt-get": `echo "$*" >>"$here/calls"\ncase "$*" in *install*) exec sleep 60 ;; esac`,
      "apt-cache": "",
      sudo: 'shift; exec "$@"',
    });
    const run = clone.lines(`import { prepareBrowser } from "./scripts/test-browser.ts";
await prepareBrowser([{ name: "chromium", reason: "y" }], (line) => console.log(line), 1);`);
    const { exitCode, output } = await run.ended;
    expect(exitCode, output).toBe(0);
    expect(output).toMatch(
      /^goes on without: installing chromium failed on this computer; .*Lock::Timeout=1 .*\(exit 124\)$/m,
    );
    expect(called(clone, "install")).toHaveLength(1);
    expect(called(clone, "update")).toEqual([]);
  });

  test.each([1, 2])("the logs of %i machines that do not answer are waited for no more", async (machines) => {
    // A machine that takes a connection and says nothing.
    const asked: Socket[] = [];
    const silent = createServer((socket) => void asked.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    const machine = { ...someMachine, port, hostKeys: [newKey().public], privateKey: newKey().private };
    try {
      await using clone = new SmallClone();
      const run = clone.lines(`import { readLogs } from "./scripts/read-logs.ts";
import { LogOrder } from "./scripts/log-order.ts";
const wanted = { follow: true, lines: 10, denials: false, counted: true };
const logs = { machine: ${JSON.stringify(machine)}, sources: [{ script: () => "true", read: () => undefined }] };
const order = new LogOrder({ ...wanted, show: () => {} });
process.exitCode = await readLogs(Array(${machines}).fill(logs), wanted, order);`);
      await expect.poll(() => asked.length, { timeout: 60_000 }).toBe(machines);
      run.kill("SIGINT");
      const { exitCode, output } = await run.ended;
      expect(exitCode, output).toBe(130);
      expect(output).toBe("");
    } finally {
      for (const socket of asked) socket.destroy();
      silent.close();
    }
  });

  test("a Pulumi CLI that is interrupted is none that does not run: no other engine is taken", async () => {
    const pulumi = `${interruptible("version")}\necho v3.270.0`;
    await using clone = new SmallClone({ pulumi, "pulumi-language-nodejs": "" });
    const run = clone.script("quickstart");
    await expect.poll(() => called(clone, "version"), { timeout: 20_000 }).toHaveLength(1);
    run.kill("SIGINT");
    const { exitCode, output } = await run.ended;
    expect(exitCode, output).toBe(130);
    expect(output).not.toContain("Engine:");
    expect(output).toContain("The same command goes on from here.");
    expect(called(clone, "version")).toHaveLength(1);
  });
});
