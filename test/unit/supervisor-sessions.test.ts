import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Sessions } from "../../services/sandbox-supervisor/inside/sessions.ts";
import { parseLine, readLines } from "../../services/sandbox-supervisor/lines.ts";
import type { Report, SessionOrder } from "../../services/sandbox-supervisor/protocol.ts";
import { serveControl } from "../../services/sandbox-supervisor/sockets.ts";
import type { OpenSession, SessionEars } from "../../services/sandbox-supervisor/tree.ts";

type Said = Record<string, unknown>;

/** The real end inside, in this process, behind a stand-in for the tree that leads to it. */
function tree() {
  const sessions = new Sessions({ environment: process.env, folder: "/" });
  const orders: SessionOrder[] = [];
  let count = 0;
  return {
    orders,
    exec: () => Promise.reject(new Error("not in this test")),
    open(argv: readonly string[], terminal: never, ears: SessionEars): OpenSession {
      const id = String(++count);
      const { promise: ended, resolve } = Promise.withResolvers<Awaited<OpenSession["ended"]>>();
      const hear = (report: Report) => {
        if ("output" in report) ears.output(report.output, report.data);
        else if ("taken" in report) ears.taken(report.taken);
        else if ("answer" in report) resolve({ answer: report.answer as { exitCode: number } });
        else if ("fault" in report) resolve({ fault: report.fault });
      };
      const give = (order: SessionOrder) => {
        orders.push(order);
        sessions.take(order, hear);
      };
      give({ id, op: "open", argv, ...(terminal ? { terminal } : {}) });
      return { ended, tell: (order) => give({ id, ...order } as SessionOrder) };
    },
  };
}

let folder: string;
let server: Server | undefined;
let now: ReturnType<typeof tree>;

beforeEach(async () => {
  vi.spyOn(process.stdout, "write").mockImplementation(() => true);
  folder = mkdtempSync(join(tmpdir(), "sessions-"));
  now = tree();
  server = await serveControl(join(folder, "control.sock"), { tree: now, status: () => ({ ready: true }) });
});
afterEach(() => {
  vi.restoreAllMocks();
  server?.close();
  rmSync(folder, { recursive: true });
});

/** Connects to a program inside, types, and hears it to the end. */
function session(argv: readonly string[], type: readonly Said[] = [], more: Said = {}) {
  const socket = connect(join(folder, "control.sock"));
  const heard = { stdout: "", stderr: "", lines: 0 };
  const last = new Promise<Said>((resolve) => {
    let final: Said = {};
    readLines(socket, 1 << 24, {
      line: (text) => {
        const said = parseLine(text) ?? {};
        heard.lines += 1;
        if (typeof said.data === "string") {
          heard[said.output as "stdout" | "stderr"] += Buffer.from(said.data, "base64").toString("latin1");
        } else final = said;
      },
    });
    socket.once("close", () => resolve(final));
  });
  for (const line of [{ op: "open", argv, ...more }, ...type]) socket.write(`${JSON.stringify(line)}\n`);
  return { socket, heard, last };
}

const input = (text: string) => ({ input: Buffer.from(text).toString("base64") });

describe("a program inside that somebody is connected to", () => {
  test("gets what is typed, and its output and exit code come back", async () => {
    const { heard, last } = session(["sh", "-c", "cat; echo problem >&2; exit 7"], [input("typed ä"), { end: true }]);
    expect(await last).toEqual({ exitCode: 7 });
    expect(Buffer.from(heard.stdout, "latin1").toString()).toBe("typed ä");
    expect(heard.stderr).toBe("problem\n");
  });

  test.each([
    ["one that is not there", ["/nowhere/x"], 127, /ENOENT/],
    ["one that a signal ends", ["sh", "-c", "kill -9 $$"], 137, /^$/],
  ])("%s has an exit code, too", async (_what, argv, exitCode, stderr) => {
    const { heard, last } = session(argv);
    expect(await last).toEqual({ exitCode });
    expect(heard.stderr).toMatch(stderr);
  });

  test("its input is held back while it does not read, and all of it arrives", async () => {
    const piece = input("x".repeat(32 * 1024));
    const { heard, last } = session(["sh", "-c", "sleep 0.3; wc -c"], [...Array(64).fill(piece), { end: true }]);
    expect(await last).toEqual({ exitCode: 0 });
    expect(heard.stdout.trim()).toBe(String(64 * 32 * 1024));
  });

  test("its output is held back while nobody reads, and all of it arrives", async () => {
    const { socket, heard, last } = session(["head", "-c", "8000000", "/dev/zero"]);
    socket.pause();
    await vi.waitUntil(() => now.orders.length > 1, { timeout: 10_000 });
    const given = () => now.orders.reduce((sum, order) => sum + (order.op === "taken" ? order.bytes : 0), 0);
    expect(given()).toBeLessThan(4_000_000);
    socket.resume();
    expect(await last).toEqual({ exitCode: 0 });
    expect(heard.stdout.length).toBe(8_000_000);
  });

  test("is ended when nobody is connected any more, with what it started", async () => {
    const { socket, heard } = session(["sh", "-c", "echo $$; sleep 600 & sleep 600"]);
    await vi.waitUntil(() => heard.stdout.includes("\n"), { timeout: 10_000 });
    const group = -Number(heard.stdout);
    socket.destroy();
    const gone = () => {
      try {
        return !process.kill(group, 0);
      } catch {
        return true;
      }
    };
    await vi.waitUntil(gone, { timeout: 10_000 });
  });

  test("has a terminal of the size that was seen, and follows it", async () => {
    const script = "stty size; printf '%s\\n' \"$TERM\"; read line; stty size; exit 4";
    const terminal = { name: "vt100", columns: 101, rows: 33 };
    const { socket, heard, last } = session(["sh", "-c", script], [], { terminal });
    await vi.waitUntil(() => heard.stdout.includes("vt100"), { timeout: 10_000 });
    socket.write(`${JSON.stringify({ resize: { columns: 120, rows: 44 } })}\n`);
    // Another program tells the terminal.
    await new Promise((done) => setTimeout(done, 1000));
    socket.write(`${JSON.stringify(input("go\n"))}\n`);
    expect(await last).toEqual({ exitCode: 4 });
    expect(heard.stdout).toMatch(/33 101\r\nvt100\r\n/);
    expect(heard.stdout).toMatch(/44 120\r\n$/);
  });

  test.each([
    [{ argv: [] }, "argv must be a list of words"],
    [{ argv: "ls" }, "argv must be a list of words"],
    [{ argv: ["ls"], terminal: { name: "../x", columns: 1, rows: 1 } }, "terminal must be"],
    [{ argv: ["ls"], terminal: { name: "vt100", columns: 0, rows: 1 } }, "columns and rows"],
  ])("a wrong request is refused: %j", async (more, message) => {
    const { socket, last } = session([], [], more);
    await vi.waitUntil(() => socket.bytesRead > 0, { timeout: 10_000 });
    socket.end();
    expect(await last).toMatchObject({
      ok: false,
      error: { kind: "invalid", message: expect.stringContaining(message) },
    });
    expect(now.orders).toEqual([]);
  });

  test("only so many at a time", async () => {
    const many = Array.from({ length: 17 }, () => session(["sleep", "600"]));
    const refused = await Promise.race(many.map(({ last }) => last));
    expect(refused).toMatchObject({ ok: false, error: { kind: "busy" } });
    for (const { socket } of many) socket.destroy();
    await Promise.all(many.map(({ last }) => last));
  });
});
