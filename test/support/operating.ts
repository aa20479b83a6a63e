import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cloneFolder, stackFile } from "../../scripts/clone-paths.ts";
import type { Engine } from "../../scripts/engine-choice.ts";
import { type Finished, runProgram } from "../../scripts/run-program.ts";
import { testStackPrefix } from "../../scripts/test-things.ts";
import { followsLogs } from "./followed-log.ts";
import { LocalStack, resourcesThat } from "./local-stack.ts";
import { runningScript } from "./running-script.ts";
import { setting } from "./stack-file.ts";

/** Which engine an environment is operated with. */
export interface OperatedWith {
  /** `on the real Pulumi CLI` */
  readonly what: string;
  /** `undefined` where this computer has none. */
  readonly engine: Engine | undefined;
  /** The last part of the stack's name, of its own so that two engines may be tested at the same time. */
  readonly stack: string;
}

/** Operating an environment that stands, on a real local machine; the model and Telegram are the DEMO's stand-ins. */
export const operating = ({ what, engine, stack: name }: OperatedWith) =>
  describe(`operating an environment, ${what}`, { timeout: 600_000 }, () => {
    let stack: LocalStack;
    let folder: string;

    beforeAll(async () => {
      if (!engine) return;
      folder = await mkdtemp(join(tmpdir(), "nemoclaw-operating-"));
      stack = await LocalStack.open(`${testStackPrefix}-${name}`, engine);
      await stack.destroy();
      const { exitCode, stdout, stderr } = await stack.script("quickstart");
      expect(exitCode, stdout + stderr).toBe(0);
    });

    afterAll(async () => {
      if (!engine) return;
      await stack.destroy();
      await rm(folder, { recursive: true, force: true });
    });

    const run = (name: string, check: (skip: (why: string) => void) => Promise<void>) =>
      test(name, async ({ skip }) => {
        if (!engine) skip("no Pulumi CLI on PATH or in ~/.pulumi");
        await check(skip);
      });

    const status = async () => {
      const { exitCode, stdout, stderr } = await stack.script("status", "--json");
      return { exitCode, ...(JSON.parse(stdout || JSON.stringify({ stderr })) as Record<string, unknown>) };
    };
    const shell = (stdin: string, ...command: string[]): Promise<Finished> => {
      const env = { ...process.env, NEMOCLAW_ENGINE: stack.engine.kind };
      const words = [
        join(cloneFolder, "scripts/shell"),
        "-s",
        stack.name,
        ...(command.length > 0 ? ["--", ...command] : []),
      ];
      return runProgram(words, { cwd: cloneFolder, env, stdin, timeoutSeconds: 120 });
    };
    const active = (part: string) => stack.shell(`systemctl is-active nemoclaw-${part}@main || :`);

    run("status sees that all is well, with nothing to be updated and no drift", async () => {
      expect(await status()).toMatchObject({ exitCode: 0, phase: "ready", enforced: true, faults: [], drift: [] });
      const { stdout } = await stack.script("status");
      expect(stdout).toMatch(/^versions +as this clone pins them/m);
      expect(stdout).toMatch(/^drift +none +looked at \d{4}-/m);
      expect(stdout).toMatch(/all well\n$/);
    });

    run(
      "status tells a service that was stopped by hand, by its difference from what the last update left",
      async () => {
        await stack.shell("systemctl stop nemoclaw-bridge@main");
        const { exitCode, stdout } = await stack.script("status");
        expect(exitCode).toBe(1);
        expect(stdout).toMatch(/FAULT {2}nemoclaw-bridge@main\.service is inactive\/dead/);
        expect(stdout).toMatch(/FAULT {2}telegram is not as the last update left it: running: true => false/);
        const doctor = await stack.script("doctor");
        expect(doctor.exitCode).toBe(1);
        expect(doctor.stdout).toMatch(
          /FAULT +nemoclaw-bridge@main\.service is inactive\/dead\n +try +see .*scripts\/logs bridge -s/,
        );
      },
    );

    run("and so do status and drift after a refresh has taken that into the state, until an update", async () => {
      const refreshed = await stack.pulumi("refresh", "--yes", "--skip-preview", "--color", "never");
      expect(refreshed.exitCode, refreshed.stdout + refreshed.stderr).toBe(0);
      expect((await stack.state()).find("nemoclaw:host:TelegramBridge")).toMatchObject({
        inputs: { running: false },
        outputs: { leftByUpdate: { values: { running: true } } },
      });
      expect((await stack.script("status")).stdout).toMatch(
        /FAULT {2}telegram is not as the last update left it: running: true => false/,
      );
      const seen = await stack.script("drift");
      expect([seen.exitCode, seen.stdout]).toEqual([2, expect.stringMatching(/telegram[\s\S]*running/)]);
      await stack.up("--refresh");
      expect((await stack.state()).find("nemoclaw:host:TelegramBridge")?.outputs).not.toHaveProperty("leftByUpdate");
      expect((await stack.script("drift")).exitCode).toBe(0);
    });

    run(
      "a bridge that was removed by hand is told as gone after a refresh, too, until an update makes it again",
      async () => {
        const files = "/etc/nemoclaw/main/bridge.json /etc/systemd/system/nemoclaw-bridge@main.service";
        await stack.shell(
          `set -e; systemctl stop nemoclaw-bridge@main; ls ${files}; rm ${files}; systemctl daemon-reload`,
        );
        const refreshed = await stack.pulumi("refresh", "--yes", "--skip-preview", "--color", "never");
        expect(refreshed.exitCode, refreshed.stdout + refreshed.stderr).toBe(0);
        expect((await stack.state()).find("nemoclaw:host:TelegramBridge")).toBeUndefined();

        expect(await status()).toMatchObject({
          exitCode: 1,
          drift: [{ resource: "telegram", changes: ["it is gone"] }],
        });
        expect((await stack.script("status")).stdout).toMatch(
          /FAULT {2}telegram is not as the last update left it: it is gone/,
        );
        const seen = await stack.script("drift", "--json");
        expect(seen.exitCode, seen.stdout + seen.stderr).toBe(2);
        expect(JSON.parse(seen.stdout)).toMatchObject({ drift: [{ name: "telegram", gone: true }] });
        expect((await stack.script("drift")).stdout).toMatch(/telegram.*is not there any more/);
        await stack.up();
        expect(await active("bridge")).toBe("active\n");
        expect(await status()).toMatchObject({ exitCode: 0, faults: [], drift: [] });
        expect((await stack.script("drift")).exitCode).toBe(0);
      },
    );

    run("a command runs inside as the agent, with its streams and exit code", async () => {
      const ran = await shell("typed\n", "sh", "-c", "cat; id -un; echo problem >&2; exit 7");
      expect(ran).toMatchObject({ exitCode: 7, stdout: "typed\nnemoclaw-sandbox\n" });
      expect(ran.stderr).toContain("problem\n");
      expect((await shell("", "sh", "-c", "echo x > /usr/x")).stderr).toMatch(/Read-only file system/);
      expect(await shell("echo from the shell; exit 3\n")).toMatchObject({ exitCode: 3, stdout: "from the shell\n" });
    });

    run("a shell has a terminal of its own", async () => {
      const command = `${join(cloneFolder, "scripts/shell")} -s ${stack.name}`;
      const words = ["script", "--quiet", "--return", "--command", command, "/dev/null"];
      const env = { ...process.env, NEMOCLAW_ENGINE: stack.engine.kind };
      const { exitCode, stdout } = await runProgram(words, {
        cwd: cloneFolder,
        env,
        stdin: "tty; stty size; exit 9\n",
        timeoutSeconds: 120,
      });
      expect(stdout).toMatch(/\/dev\/pts\/\d+\r?\n/);
      expect(exitCode, stdout).toBe(9);
    });

    run("what was refused is in the log, in words and merged with what the others wrote", async () => {
      await shell("", "curl", "-s", "http://unlisted.example/path?token=hidden");
      const denials = await stack.script("logs", "denials");
      expect(denials.stdout).toMatch(/gate {4}DENIED {2}GET unlisted\.example:80\/path {2}\(no endpoint/);
      expect(denials.stdout).toMatch(/agent {3}DENIED {2}write to \/usr\/x/);
      expect(denials.stdout).not.toMatch(/hidden/);
      const { stdout } = await stack.script("logs", "--json", "-n", "500");
      const lines = stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as { at: string; part: string });
      expect(new Set(lines.map(({ part }) => part))).toEqual(new Set(["agent", "gate", "route", "bridge"]));
      expect(lines.map(({ at }) => at)).toEqual(lines.map(({ at }) => at).toSorted());
    });

    run("the log is followed as it is written, until Ctrl-C", (skip) => followsLogs(stack, skip));

    run("a watch sees what another update has made meanwhile, and what breaks", async () => {
      await using watch = runningScript(stack, "status", "--watch", "--json");
      await watch.until(/"configured":"demo-1".*"faults":\[\]/);
      await stack.configure(setting("inference", { model: "demo-2" }));
      await stack.up();
      await watch.until(/"configured":"demo-2".*"faults":\[\]/);
      await stack.shell("systemctl stop nemoclaw-bridge@main");
      await watch.until(/"found":"nemoclaw-bridge@main.service is inactive/);
      expect(await watch.interrupt()).toBe(130);
      await stack.up("--refresh");
    });

    run("a model that was changed on the machine is taken into the code, and is then no change", async () => {
      await stack.shell("sed -i 's/demo-2/demo-adopted/' /etc/nemoclaw/main/route.json");
      const found = await stack.script("drift", "--adopt", "--out", join(folder, "drift"));
      expect(found.exitCode, found.stdout + found.stderr).toBe(2);
      expect(await readFile(stackFile(stack.name), "utf8")).toContain("demo-adopted");
      expect(await readFile(join(folder, "drift/drift.md"), "utf8")).toMatch(/demo-2[\s\S]*demo-adopted/);
      expect(await readFile(join(folder, "drift/drift.html"), "utf8")).toMatch(/^<!doctype html>/i);
      await stack.up("--refresh");
      expect((await stack.turn("Which model?")).model).toBe("demo-adopted");
      expect((await stack.script("drift")).exitCode).toBe(0);
    });

    run("the workspace goes out and comes back, whole; a changed archive does not", async () => {
      const file = join(folder, "work.tgz");
      await shell("", "sh", "-c", "mkdir -p deep; echo kept > deep/file; ln -sfn /etc/passwd out; chmod 755 deep/file");
      const exported = await stack.script("workspace", "export", file);
      expect(exported.exitCode, exported.stderr).toBe(0);
      const sum = /^([0-9a-f]{64}) /.exec(exported.stdout)?.[1] ?? "";
      expect(await readFile(`${file}.sha256`, "utf8")).toBe(`${sum}  work.tgz\n`);

      // A disk that is full here, with more on the way than is held back for it: the sandbox goes on all the same.
      await symlink("/dev/full", join(folder, "full.tgz.part"));
      await shell("", "sh", "-c", "head -c 3000000 /dev/urandom > big");
      const full = await stack.script("workspace", "export", join(folder, "full.tgz"));
      expect(full).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/a file here.*\n.*ENOSPC/) });
      expect((await shell("", "rm", "big")).exitCode).toBe(0);

      await shell("", "sh", "-c", "rm -r deep out; echo new > fresh");
      const kept = await stack.script("workspace", "import", file);
      expect(kept).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("has files already") });
      await writeFile(`${file}.sha256`, `${"0".repeat(64)}  work.tgz\n`);
      const wrong = await stack.script("workspace", "import", "--replace", file);
      expect(wrong).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("checksum is another one") });
      expect((await shell("", "cat", "fresh")).stdout).toBe("new\n");

      await rm(`${file}.sha256`);
      const imported = await stack.script("workspace", "import", "--replace", "--sha256", sum, file);
      expect(imported.exitCode, imported.stderr).toBe(0);
      const { stdout } = await shell("", "sh", "-c", "cat deep/file; readlink out; ls; test -w deep/file && echo mine");
      expect(stdout).toBe("kept\n/etc/passwd\ndeep\nout\nmine\n");
      expect(await stack.shell("ls -d /var/lib/nemoclaw/main/*import* 2>/dev/null || :")).toBe("");
      expect((await stack.turn("Back again?")).text).toMatch(/Back again/);
    });

    run("one that is stopped on purpose stays down, through up and a reboot, and says so", async () => {
      const stopped = await stack.script("stop", "--why", "a test");
      expect(stopped.exitCode, stopped.stderr).toBe(0);
      expect(stopped.stdout).toMatch(/is stopped on purpose by \S+@\S+ since \d{4}-.*: a test/);
      expect(await status()).toMatchObject({ exitCode: 0, phase: "stopped", stopped: { why: "a test" }, faults: [] });
      const { stdout: screen } = await stack.script("status");
      expect(screen).toMatch(/^sandbox +stopped on purpose by .*: a test$/m);
      expect(await shell("", "true")).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("scripts/start") });

      await stack.configure(setting("inference", { model: "demo-3" }));
      const output = await stack.up("--refresh");
      expect(resourcesThat(/updated \(/, output)).toEqual(["main-inference"]);
      expect(output).toMatch(/made ready and not started: stopped on purpose by/);
      expect(output).toMatch(/stopped *: \{[^}]*why"? *: *"a test"/);
      expect(await stack.isAsRecorded()).toBe(true);

      const before = await stack.shell("systemctl show -p UserspaceTimestamp");
      await stack.shell("systemctl reboot").catch(() => {});
      const bootTime = () => stack.shell("systemctl show -p UserspaceTimestamp").catch(() => before);
      await expect.poll(bootTime, { timeout: 60_000 }).not.toBe(before);
      await expect
        .poll(() => stack.shell("systemctl is-active docker || :").catch(() => ""), { timeout: 60_000 })
        .toBe("active\n");
      for (const part of ["sandbox", "gate", "route", "bridge"]) expect(await active(part), part).toBe("inactive\n");
    });

    run("and comes up at once with what was changed meanwhile", async () => {
      const started = await stack.script("start");
      expect(started.exitCode, started.stderr).toBe(0);
      for (const part of ["sandbox", "gate", "route", "bridge"]) expect(await active(part), part).toBe("active\n");
      expect((await stack.turn("Which model?")).model).toBe("demo-3");
      expect(await status()).toMatchObject({ exitCode: 0, phase: "ready", faults: [] });
      const output = await stack.up();
      expect(resourcesThat(/\b(created|updated|replaced|deleted)\b/, output)).toEqual([]);
      expect(output).toMatch(/stopped *: "no"/);
    });
  });
