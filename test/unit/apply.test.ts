import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyScript } from "../../host/apply-script.ts";
import type { Command } from "../../host/command.ts";
import { Sensitive } from "../../host/sensitive.ts";
import { startFakeHost } from "../support/fake-host.ts";

const command = (title: string, script: string, more: Partial<Command> = {}): Command => ({ title, script, ...more });

describe("applying commands", () => {
  test("runs them in order in one round trip, and says what it does", async () => {
    await using fake = await startFakeHost();
    const said: string[] = [];
    const host = await fake.connect({ log: (line) => said.push(line) });
    await host.apply("first", [command("lock is taken", "true")]);
    const before = fake.seen.lines.length;
    await host.apply("the files", [
      command("write one", `cat >${fake.folder}/one`, { stdin: "1" }),
      command("write two", `cat ${fake.folder}/one - >${fake.folder}/two`, { stdin: new Uint8Array([0xff, 0x00]) }),
    ]);
    expect(fake.seen.lines.length - before).toBe(1);
    expect(await readFile(join(fake.folder, "two"))).toEqual(Buffer.from([0x31, 0xff, 0x00]));
    expect(said).toEqual(["first: lock is taken", "the files: write one", "the files: write two"]);
  });

  test("nothing at all is no round trip", async () => {
    await using fake = await startFakeHost();
    await (await fake.connect()).apply("nothing", []);
    expect(fake.seen.lines).toEqual([]);
  });

  test("stops at the first that fails, and says which, what it was and what it said", async () => {
    await using fake = await startFakeHost();
    const host = await fake.connect();
    const numbers = "i=0; while test $i -lt 40; do i=$((i+1)); echo line $i; done";
    const failing = host.apply("the thing", [
      command("go well", "true"),
      command("go wrong", `${numbers}; echo the reason >&2; exit 9`, { try: "another way" }),
      command("not reached", `touch ${fake.folder}/reached`),
    ]);
    const error = await failing.catch((each) => each);
    expect(error).toMatchObject({ kind: "command", details: { exitCode: 9 } });
    expect(error.message.split("\n")[0]).toBe("the thing on 127.0.0.1: go wrong failed");
    expect(error.message).toMatch(/ran {3}i=0;.*\(exit 9\)/);
    expect(error.message).toMatch(/line 40\n +the reason\n +try {3}another way$/);
    expect(error.message).not.toContain("line 21\n");
    expect(existsSync(join(fake.folder, "reached"))).toBe(false);
  });

  test("a command that fails in the middle of its script goes no further", async () => {
    await using fake = await startFakeHost();
    const host = await fake.connect();
    await expect(host.apply("x", [command("x", `false\ntouch ${fake.folder}/on`)])).rejects.toMatchObject({
      kind: "command",
    });
    await expect(host.apply("x", [command("x", 'echo "$unset"')])).rejects.toMatchObject({ kind: "command" });
    await expect(host.apply("x", [command("x", "if then")])).rejects.toMatchObject({ kind: "command" });
    expect(existsSync(join(fake.folder, "on"))).toBe(false);
  });

  test("a command cannot read the commands after it", async () => {
    await using fake = await startFakeHost();
    const host = await fake.connect();
    await host.apply("x", [command("read", "cat >/dev/null"), command("write", `echo here >${fake.folder}/here`)]);
    expect(existsSync(join(fake.folder, "here"))).toBe(true);
  });

  test("carries megabytes", async () => {
    await using fake = await startFakeHost();
    const host = await fake.connect();
    const content = randomBytes(2_500_000);
    await host.apply("bundle", [command("write", `cat >${fake.folder}/bundle`, { stdin: content })]);
    expect((await readFile(join(fake.folder, "bundle"))).equals(content)).toBe(true);
  });

  test("ends a command that takes too long", async () => {
    await using fake = await startFakeHost();
    const host = await fake.connect();
    const slow = command("wait", `echo $$ >${fake.folder}/pid; exec sleep 600`, { timeoutSeconds: 1 });
    await expect(host.apply("x", [slow])).rejects.toMatchObject({
      kind: "timeout",
      message: expect.stringContaining("wait did not end within 1 s"),
    });
    await ended(join(fake.folder, "pid"));
  });

  test.each([
    "echo x | cat >/dev/full",
    "echo x >/dev/full",
    "curl --silent --show-error --output /dev/full file:///etc/passwd",
    `echo "E: You don't have enough free space in /var/cache/apt/archives/."; exit 100`,
    "echo npm warn tar TAR_ENTRY_ERROR ENOSPC: nospc, write; exit 1",
  ])("a full disk is told as one: %s", async (script) => {
    await using fake = await startFakeHost();
    const host = await fake.connect();
    await expect(host.apply("x", [command("write", script)])).rejects.toMatchObject({
      kind: "command",
      message: expect.stringMatching(/disk is full[\s\S]*df -h/),
    });
  });

  test("leaves nothing of its own behind", async () => {
    await using fake = await startFakeHost();
    const host = await fake.connect();
    await host.apply("x", [command("x", "true")]);
    await host.apply("x", [command("x", "false")]).catch(() => {});
    expect((await readdir(fake.folder)).filter((name) => name.startsWith("nemoclaw-apply"))).toEqual([]);
  });
});

describe("secrets", () => {
  test("are in no error, no progress and no command line", async () => {
    await using fake = await startFakeHost();
    const said: string[] = [];
    const host = await fake.connect({ log: (line) => said.push(line) });
    const secret = `t0ken-${randomBytes(8).toString("hex")}`;
    const stdin = new Sensitive(`NAME=${secret}\nOTHER="${secret}-2"\n`);
    const telling = 'cat; printf %s "now in base64: "; printf %s "$TOKEN" | base64; exit 1';
    const error = await host
      .apply(`about ${secret}`, [command("tell", `TOKEN=$(sed -n 's/^NAME=//p'); ${telling}`, { stdin })])
      .catch((e) => e);
    const run = await host.run(command("run", "cat >/dev/null", { stdin }));
    expect(run.exitCode).toBe(0);
    const seen = JSON.stringify([String(error), error.details, said, fake.seen.lines]);
    expect(seen).toContain("[redacted]");
    expect(seen).not.toContain(secret);
    expect(seen).not.toContain(Buffer.from(secret).toString("base64").replace(/=+$/, ""));
  });

  test("are in no process list while a command reads them", async () => {
    await using fake = await startFakeHost();
    const host = await fake.connect();
    const secret = `t0ken-${randomBytes(8).toString("hex")}`;
    const look = `cat >/dev/null; ps -eo args >${fake.folder}/ps 2>/dev/null || cat /proc/[0-9]*/cmdline >${fake.folder}/ps`;
    await host.apply("x", [command("x", look, { stdin: new Sensitive(secret.repeat(1000)) })]);
    const processes = await readFile(join(fake.folder, "ps"), "utf8");
    expect(processes).toContain("nemoclaw-apply");
    expect(processes).not.toContain(secret);
    expect(processes).not.toContain(Buffer.from(secret.repeat(3)).toString("base64").slice(0, 30));
  });
});

describe("cancelling", () => {
  test("stops the command on the machine", async () => {
    await using fake = await startFakeHost();
    const controller = new AbortController();
    const host = await fake.connect({ signal: controller.signal });
    const long = command("wait", `echo $$ >${fake.folder}/pid; sleep 600; touch ${fake.folder}/on`);
    const running = host.apply("x", [long]);
    await expect.poll(() => existsSync(join(fake.folder, "pid")), { timeout: 5000 }).toBe(true);
    controller.abort();
    await expect(running).rejects.toMatchObject({
      kind: "cancelled",
      message: expect.stringContaining("cancelled during x"),
    });
    await ended(join(fake.folder, "pid"));
    expect(existsSync(join(fake.folder, "on"))).toBe(false);
  });

  test("stops what is run too", async () => {
    await using fake = await startFakeHost();
    const controller = new AbortController();
    const host = await fake.connect({ signal: controller.signal });
    const running = host.run(command("turn", `echo $$ >${fake.folder}/pid; sleep 600`));
    await expect.poll(() => existsSync(join(fake.folder, "pid")), { timeout: 5000 }).toBe(true);
    controller.abort();
    await expect(running).rejects.toMatchObject({ kind: "cancelled" });
    await ended(join(fake.folder, "pid"));
  });
});

describe("a lost connection", () => {
  test("is told, and the machine finishes what was begun", async () => {
    await using fake = await startFakeHost();
    const host = await fake.connect();
    const slow = command(
      "slowly",
      `touch ${fake.folder}/begun; sleep 1; echo a lot of output; touch ${fake.folder}/done`,
    );
    const running = host.apply("x", [slow, command("next", `touch ${fake.folder}/next`)]);
    await expect.poll(() => existsSync(join(fake.folder, "begun")), { timeout: 5000 }).toBe(true);
    fake.cut();
    await expect(running).rejects.toMatchObject({
      kind: "unreachable",
      message: expect.stringMatching(/was lost during x[\s\S]*goes on from there/),
    });
    await expect.poll(() => existsSync(join(fake.folder, "next")), { timeout: 10_000 }).toBe(true);
    await host.apply("again", [command("again", "true")]);
    expect(fake.seen.handshakes).toBe(2);
  });

  test("in the middle of a script leaves it undone, wherever it was cut", async () => {
    const folder = await mkdtemp(join(tmpdir(), "nemoclaw-cut-"));
    const places = { lock: "", systemd: join(folder, "none"), scratch: folder };
    const commands = ["a", "b"].map((name) => command(name, `cat >${folder}/${name}`, { stdin: "some content here" }));
    const script = applyScript("mark", commands, places);
    try {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 0, max: script.trimEnd().lastIndexOf("main") }), async (length) => {
          await pipeToShell(script.slice(0, length));
          expect(existsSync(join(folder, "a"))).toBe(false);
        }),
        { numRuns: 40 },
      );
      expect((await pipeToShell(script)).stdout).toMatch(/mark end 1 0\n$/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("the operator lock", () => {
  test("turns a second operator away and names the first", async () => {
    await using fake = await startFakeHost();
    const other = `flock ${fake.places.lock} sh -c 'echo "someone demo/prod by ann@laptop since noon" >${fake.places.lock}; echo held; exec sleep 600'`;
    const holder = spawn("sh", ["-c", `exec ${other}`], { stdio: ["ignore", "pipe", "ignore"], detached: true });
    await new Promise((resolve) => holder.stdout.once("data", resolve));
    const said: string[] = [];
    const host = await fake.connect({ log: (line) => said.push(line) });
    const change = [command("change", `touch ${fake.folder}/changed`)];
    try {
      await expect(host.apply("x", change)).rejects.toMatchObject({
        kind: "locked",
        message: expect.stringContaining("demo/prod by ann@laptop since noon"),
      });
      expect(said).toEqual(["waiting for another operator: demo/prod by ann@laptop since noon"]);
      expect(existsSync(join(fake.folder, "changed"))).toBe(false);
      expect((await host.run(command("run", "echo a look is no change"))).exitCode).toBe(0);
    } finally {
      process.kill(-(holder.pid ?? 0), "SIGKILL");
    }
    await host.apply("x", change);
    expect(existsSync(join(fake.folder, "changed"))).toBe(true);
  });

  test("says who holds it, is held from the first change on, and ends with the connection", async () => {
    await using fake = await startFakeHost();
    const host = await fake.connect();
    await host.look({ script: "true", parse: () => 0 });
    expect(existsSync(fake.places.lock)).toBe(false);
    await Promise.all([host.apply("x", [command("x", "true")]), host.apply("y", [command("y", "true")])]);
    expect(await readFile(fake.places.lock, "utf8")).toMatch(/ demo\/test by .+@.+ since \d{4}-/);
    expect(await free(fake.places.lock)).toBe(false);
    const { closeAll } = await import("../../host/pool.ts");
    await closeAll();
    await expect.poll(() => free(fake.places.lock), { timeout: 5000 }).toBe(true);
  });

  test("does not keep an operator from their own second connection", async () => {
    await using fake = await startFakeHost();
    const host = await fake.connect();
    await host.apply("x", [command("x", "true")]);
    const second = await fake.connect({}, { user: "root" });
    await second.apply("y", [command("y", "true")]);
    expect(fake.seen.handshakes).toBe(2);
  });
});

describe("running one command", () => {
  test("gives its output and exit code, whatever they are", async () => {
    await using fake = await startFakeHost();
    const host = await fake.connect();
    const result = await host.run(command("turn", "cat; echo err >&2; exit 3", { stdin: "grüße\n" }));
    expect(result).toEqual({ stdout: "grüße\n", stderr: "err\n", exitCode: 3 });
    expect(await host.run(command("x", "-dash"))).toMatchObject({ exitCode: 127 });
  });

  test("ends one that takes too long", async () => {
    await using fake = await startFakeHost();
    const host = await fake.connect();
    const slow = command("turn", "echo so far >&2; sleep 600", { timeoutSeconds: 1, try: "ask for less" });
    await expect(host.run(slow)).rejects.toMatchObject({
      kind: "timeout",
      message: expect.stringMatching(/turn did not end within 1 s[\s\S]*so far[\s\S]*ask for less/),
    });
  });
});

const exec = promisify(execFile);

async function free(lock: string): Promise<boolean> {
  return exec("flock", ["-n", lock, "true"]).then(
    () => true,
    () => false,
  );
}

async function pipeToShell(script: string): Promise<{ stdout: string }> {
  const child = spawn("sh", ["-s"], { stdio: ["pipe", "pipe", "ignore"] });
  child.stdin.on("error", () => {});
  child.stdin.end(script);
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk;
  });
  await new Promise((resolve) => child.once("close", resolve));
  return { stdout };
}

/** Waits until the process whose id stands in a file is gone. */
async function ended(file: string): Promise<void> {
  const pid = Number(await readFile(file, "utf8"));
  expect(pid).toBeGreaterThan(1);
  await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 5000 }).toBe(false);
}
