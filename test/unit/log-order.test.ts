import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Machine } from "../../host/machine.ts";
import type { LogSource } from "../../host/runtimes/log-source.ts";
import { boxLog } from "../../host/runtimes/openshell/box-log.ts";
import { journal } from "../../scripts/journal.ts";
import { LogOrder } from "../../scripts/log-order.ts";
import { readLogs } from "../../scripts/read-logs.ts";
import { someMachine } from "../support/some-machine.ts";
import { putProgram } from "../support/stand-ins.ts";

interface Running {
  write(text: string): void;
  end(exitCode?: number): void;
}

/** The logs that are read on the machine, by what their scripts are. */
const running = new Map<string, Running>();
vi.mock("../../host/connection.ts", () => ({
  Connection: {
    open: async ({ address }: { address: string }) => ({
      where: address === "silent" ? await Promise.reject(new Error("silent does not answer")) : address,
      exec: (_shell: string, { stdin, onOutput }: { stdin: string; onOutput: (text: string, name: string) => void }) =>
        new Promise((done) =>
          running.set(stdin, {
            write: (text) => onOutput(text, "stdout"),
            end: (exitCode = 0) => done({ exitCode }),
          }),
        ),
      close: async () => {},
    }),
  },
}));

const source = (name: string): LogSource => ({
  script: ({ counted }) => `${name}${counted ? ", counted" : ""}`,
  read: (line) => {
    const [, at] = /^(\d+) ?/.exec(line) ?? [];
    return at === undefined ? undefined : { at, part: name, level: "info", denied: false, text: line };
  },
});

/** Starts to read logs of these names. */
async function reading(names: readonly string[], { follow = true, lines = 3 } = {}) {
  const shown: string[] = [];
  const counted = follow && names.length > 1;
  const order = new LogOrder({ follow, counted, lines, show: ({ part, text }) => shown.push(`${part} ${text}`) });
  const wanted = { follow, lines, denials: false, counted };
  const code = readLogs([{ machine: someMachine as Machine, sources: names.map(source) }], wanted, order);
  await vi.waitFor(() => expect(running.size).toBe(names.length));
  const log = (name: string) => running.get(`${name}${counted ? ", counted" : ""}`) as Running;
  const next = () => {
    order.flush();
    return shown.splice(0);
  };
  return { order, code, log, next };
}

beforeEach(() => running.clear());
afterEach(() => void vi.useRealTimers());

describe("several logs that are followed", () => {
  test("show the last lines of before over all of them, by time, and then what is new", async () => {
    const { code, log, next, order } = await reading(["a", "b"]);
    log("a").write("backlog 3\n01 x\n04 ");
    log("a").write("x\nno entry\n09 new\n");
    expect(next()).toEqual([]);
    log("b").write("02 x\n03 x\n05 x\n");
    expect(next()).toEqual([]);
    log("b").write("backlog 0\n08 new\n");
    expect(next()).toEqual(["b 03 x", "a 04 x", "b 05 x", "b 08 new", "a 09 new"]);
    log("a").write("10 x\nbacklog 1\n");
    expect(next()).toEqual(["a 10 x"]);
    for (const name of ["a", "b"]) log(name).end();
    expect(await code).toBe(0);
    order.end();
    expect(next()).toEqual([]);
  });

  test("with no lines of before begin with what is new", async () => {
    const { log, next } = await reading(["a", "b"], { lines: 0 });
    for (const name of ["a", "b"]) log(name).write("backlog 0\n");
    log("a").write("01 new\n");
    expect(next()).toEqual(["a 01 new"]);
  });

  test("do not wait for one that has ended", async () => {
    const { log, next } = await reading(["a", "b"]);
    log("a").write("backlog 1\n01 x\n");
    log("b").end(1);
    await vi.waitFor(() => expect(next()).toEqual(["a 01 x"]));
  });

  test("do not wait for ever for one that does not tell what there was", async () => {
    const { log, next } = await reading(["a", "b"]);
    vi.useFakeTimers();
    log("a").write("backlog 1\n02 x\n03 new\n");
    vi.advanceTimersByTime(4000);
    expect(next()).toEqual([]);
    vi.advanceTimersByTime(2000);
    expect(next()).toEqual(["a 02 x", "a 03 new"]);
    log("b").write("01 late\nbacklog 0\n");
    expect(next()).toEqual(["b 01 late"]);
  });
});

test("one log that is followed is shown as it comes", async () => {
  const { log, next } = await reading(["a"]);
  log("a").write("01 x\n");
  expect(next()).toEqual(["a 01 x"]);
});

test("logs that are not followed show the last lines over all of them, by time, when all have ended", async () => {
  const { code, log, next } = await reading(["a", "b"], { follow: false });
  log("a").write("01 x\n04 x\n");
  log("a").end();
  log("b").write("02 x\n03 x\n");
  expect(next()).toEqual([]);
  log("b").end();
  await code;
  expect(next()).toEqual(["b 02 x", "b 03 x", "a 04 x"]);
});

describe("how a log says on a machine where what is new begins, with stand-ins", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "log-order-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const run = ({ script }: LogSource, counted: boolean, follow = true) => {
    const wanted = { follow, lines: 5, since: "1 hour ago", denials: true, counted };
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
    return spawnSync("sh", ["-s"], { input: script(wanted), env, encoding: "utf8" }).stdout;
  };

  test("the journal's is counted, by the same question without --follow", () => {
    putProgram(
      folder,
      "journalctl",
      `echo "$*" >>${folder}/calls
printf '%s\\n' one two
case "$*" in *--follow*) echo new ;; esac`,
    );
    const log = journal({ "x.service": "x" });
    expect(run(log, true)).toBe("backlog 2\none\ntwo\nnew\n");
    const [counts, follows, ...others] = readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
    expect(others).toEqual([]);
    expect(follows).toContain(" --follow --since=1 hour ago --grep=");
    expect(counts).toBe(follows?.replace(" --follow", ""));
    expect(run(log, false)).toBe("one\ntwo\nnew\n");
  });

  test("OpenShell's supervisor's is told behind it", () => {
    putProgram(folder, "systemd-analyze", `echo "   UNIX seconds: @1700000000.5"`);
    putProgram(
      folder,
      "docker",
      `case "$*" in
  "ps --quiet"*) ;;
  ps*) echo box ;;
  inspect*sandbox-id*) echo of-ours ;;
  inspect*) echo openshell ;;
  logs*--timestamps*) echo "2026-11-28T13:50:47.1Z 2026-11-28T13:50:47.120Z OCSF NET:OPEN [MED] DENIED curl(42) -> blocked.com:443 [policy:-]" ;;
esac`,
    );
    // Not followed, so that it ends; what is new would come behind.
    expect(run(boxLog("main", "gate"), true, false)).toMatch(/^2026-\S+ \S+ OCSF .* DENIED .*\nbacklog 0\n$/);
    expect(run(boxLog("main", "gate"), false, false)).toMatch(/^2026-\S+ \S+ OCSF .* DENIED .*\n$/);
  });
});

describe("logs of several machines", () => {
  const on = (address: string, ...names: string[]) => ({
    machine: { ...someMachine, address } as Machine,
    sources: names.map(source),
  });
  const wanted = { follow: false, lines: 3, denials: false };
  const read = (...machines: ReturnType<typeof on>[]) => {
    const shown: string[] = [];
    const order = new LogOrder({ ...wanted, counted: false, show: ({ text }) => shown.push(text) });
    return { shown, order, code: readLogs(machines, wanted, order) };
  };

  test("are put in one order", async () => {
    const { shown, order, code } = read(on("one", "a"), on("other", "b"));
    await vi.waitFor(() => expect(running.size).toBe(2));
    running.get("b")?.write("01 x\n03 x\n");
    running.get("b")?.end();
    running.get("a")?.write("02 x\n04 x\n");
    running.get("a")?.end();
    expect(await code).toBe(0);
    order.end();
    expect(shown).toEqual(["02 x", "03 x", "04 x"]);
  });

  test("of which one does not answer are shown of the others, and that one is told", async () => {
    const told = vi.spyOn(console, "error").mockImplementation(() => {});
    const { shown, order, code } = read(on("silent", "a"), on("other", "b"));
    await vi.waitFor(() => expect(running.size).toBe(1));
    running.get("b")?.write("01 x\n");
    running.get("b")?.end();
    expect(await code).toBe(1);
    order.end();
    expect(shown).toEqual(["01 x"]);
    expect(told.mock.calls).toEqual([["silent does not answer"]]);
    told.mockRestore();
    await expect(read(on("silent", "a")).code).rejects.toThrow("silent does not answer");
  });
});
