import { PassThrough } from "node:stream";
import { afterEach, describe, expect, test, vi } from "vitest";
import { agentSettings } from "../../services/sandbox-supervisor/agent-settings.ts";
import { createWriteDenials } from "../../services/sandbox-supervisor/denials.ts";
import { insideEnvironment } from "../../services/sandbox-supervisor/environment.ts";
import { findInside, parseStatus } from "../../services/sandbox-supervisor/host-pid.ts";
import { execute } from "../../services/sandbox-supervisor/inside/exec.ts";
import { limitedLines } from "../../services/sandbox-supervisor/inside/limited-lines.ts";
import { read } from "../../services/sandbox-supervisor/inside/turn.ts";
import { parseLine, readLines } from "../../services/sandbox-supervisor/lines.ts";
import { sandboxPaths, socketPath } from "../../services/sandbox-supervisor/paths.ts";
import { sessionPattern } from "../../services/sandbox-supervisor/protocol.ts";
import { explainFault } from "../../services/sandbox-supervisor/route-status.ts";
import { parseSettings } from "../../services/sandbox-supervisor/settings.ts";
import { Turns } from "../../services/sandbox-supervisor/turns.ts";

const good = {
  policy: { filesystem_policy: { include_workdir: true, read_only: ["/usr"], read_write: ["/sandbox"] } },
  agent: { version: "2026.9.6" },
  ports: { gate: 17871, status: 17872 },
};

afterEach(() => {
  vi.restoreAllMocks();
});

/** What was written to the journal meanwhile, as objects. */
function journal(): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    lines.push(JSON.parse(String(text).replace(/^<\d>/, "")));
    return true;
  });
  return lines;
}

describe("settings", () => {
  test("a good file is read", () => {
    expect(parseSettings(good)).toEqual({
      filesystem: { include_workdir: true, read_only: ["/usr"], read_write: ["/sandbox"] },
      agentVersion: "2026.9.6",
      gatePort: 17871,
      statusPort: 17872,
    });
  });

  test.each([
    [{ ...good, agent: { version: "../x" } }, "agent.version must be an exact version"],
    [{ ...good, ports: { gate: 0, status: 1 } }, "ports.gate must be a port"],
    [{ ...good, ports: undefined }, "ports must be an object"],
    [{ ...good, policy: { filesystem_policy: { read_only: ["usr"] } } }, "read_only[0] must be an absolute path"],
    [{ ...good, policy: { filesystem_policy: { read_write: ["/a/../b"] } } }, "read_write[0] must be an absolute path"],
    [[], "the file must be an object"],
  ])("a bad file is refused by the name of its property: %#", (value, message) => {
    expect(() => parseSettings(value)).toThrow(message);
  });
});

describe("names", () => {
  test.each(["../x", "", "Main", "a".repeat(41), "a b", "-a"])("%j is no sandbox's name", (name) => {
    expect(() => sandboxPaths(name)).toThrow("not a sandbox's name");
    expect(() => socketPath(name, "turns")).toThrow("not a sandbox's name");
  });

  test("the longest name leaves room for the relays' sockets", () => {
    const { relays } = sandboxPaths("a".repeat(40));
    expect(`${relays}/claude-http-0123456789abcdef.sock`.length).toBeLessThan(108);
  });

  test.each([
    ["telegram-4711", true],
    ["telegram--100123", true],
    ["Telegram", false],
    ["a b", false],
    ["../x", false],
    ["", false],
  ])("%j as a session's key: %s", (key, right) => {
    expect(sessionPattern.test(key)).toBe(right);
  });
});

describe("lines", () => {
  test("are put together over chunks, also in the middle of a letter", async () => {
    const bytes = Buffer.from('{"a":"ä"}\n{"b":1}\nlast');
    const stream = new PassThrough();
    const lines: string[] = [];
    readLines(stream, 100, { line: (text) => lines.push(text) });
    for (const byte of bytes) stream.write(Buffer.of(byte));
    stream.end();
    await new Promise((resolve) => stream.on("close", resolve));
    expect(lines).toEqual(['{"a":"ä"}', '{"b":1}', "last"]);
  });

  test("one that is too long is passed over, and the next one counts", async () => {
    const stream = new PassThrough();
    const lines: string[] = [];
    let tooLong = 0;
    readLines(stream, 4, { line: (text) => lines.push(text), tooLong: () => (tooLong += 1) });
    stream.end("12345678\n123\n99999\n");
    await new Promise((resolve) => stream.on("close", resolve));
    expect({ lines, tooLong }).toEqual({ lines: ["123"], tooLong: 2 });
  });

  test.each(["", "x", "1", "[]", "null", "{"])("%j is no object", (text) => {
    expect(parseLine(text)).toBeUndefined();
  });
});

describe("lines for a log that is read elsewhere", () => {
  test("are limited in number at once and over time, and what is left out is counted", () => {
    const passed: string[] = [];
    let now = 0;
    const write = limitedLines(
      (line) => passed.push(line),
      () => now,
    );
    for (let line = 1; line <= 203; line += 1) write(`${line}`);
    expect(passed).toHaveLength(200);
    expect(passed.at(-1)).toBe("200");
    now = 100;
    for (const line of ["a", "b", "c"]) write(line);
    expect(passed.slice(200)).toEqual(["(lines left out: 3)", "a", "b"]);
    now = 3_600_000;
    for (let line = 1; line <= 300; line += 1) write(`${line}`);
    expect(passed.slice(203)).toEqual(["(lines left out: 1)", ...Array.from({ length: 200 }, (_, at) => `${at + 1}`)]);
  });
});

describe("the process's id", () => {
  const rows = [
    { pid: 100, parent: 1, ids: [100] },
    { pid: 103, parent: 102, ids: [103, 5, 2] },
    { pid: 102, parent: 101, ids: [102, 4, 1] },
    { pid: 101, parent: 100, ids: [101, 2] },
    { pid: 900, parent: 1, ids: [900, 2, 2] },
  ];

  test("is found by its innermost number, below our own child only", () => {
    expect(findInside(rows, 100, 2)).toBe(103);
    expect(findInside(rows, 100, 7)).toBeUndefined();
  });

  test("a tree without namespaces of its own has none", () => {
    expect(findInside([{ pid: 100, parent: 1, ids: [100] }], 100, 100)).toBeUndefined();
  });

  test("a status file is read", () => {
    expect(parseStatus("Name:\tnode\nPid:\t103\nPPid:\t102\nNSpid:\t103\t5\t2\n")).toEqual(rows[1]);
    expect(parseStatus("")).toBeUndefined();
  });
});

describe("turns", () => {
  test("of one session come one after the other, those of others beside them", async () => {
    journal();
    const running = new Map<string, number>();
    const order: string[] = [];
    let most = 0;
    const turns = new Turns(async (session, message) => {
      running.set(session, (running.get(session) ?? 0) + 1);
      expect(running.get(session)).toBe(1);
      most = Math.max(
        most,
        [...running.values()].reduce((a, b) => a + b),
      );
      await new Promise((resolve) => setTimeout(resolve, 5));
      order.push(session + message);
      running.set(session, 0);
      return { answer: { text: message, model: `model-${message}`, sessionId: "s" } };
    });
    await Promise.all(["1", "2", "3"].flatMap((n) => ["a", "b"].map((session) => turns.take(session, n, 1))));
    expect(order.filter((one) => one.startsWith("a"))).toEqual(["a1", "a2", "a3"]);
    expect(most).toBe(2);
    expect(turns.lastModel).toBe("model-3");
  });

  test("the latest answer is told with the time at which its turn began", async () => {
    journal();
    let answered = "";
    const turns = new Turns(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      answered = new Date().toISOString();
      return { answer: { text: "x", model: "m", sessionId: "s" } };
    });
    const before = new Date().toISOString();
    await turns.take("a", "m", 1);
    expect([before <= (turns.lastModelAt ?? ""), (turns.lastModelAt ?? "") < answered]).toEqual([true, true]);
  });

  test("more than can wait are refused, and the next one is taken again", async () => {
    journal();
    const turns = new Turns(async () => ({ answer: { text: "x", model: "m", sessionId: "s" } }));
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => turns.take("a", "m", 1)));
    const refused = outcomes.filter((outcome) => "fault" in outcome);
    expect(refused.map((outcome) => outcome.fault.kind)).toEqual(["busy", "busy"]);
    expect(await turns.take("a", "m", 1)).toHaveProperty("answer");
  });

  test("the journal has no text of a turn", async () => {
    const lines = journal();
    const turns = new Turns(async () => ({ answer: { text: "my answer", model: "m", sessionId: "s" } }));
    await turns.take("a", "my question", 1);
    expect(lines).toEqual([{ event: "turn", session: "a", seconds: expect.any(Number), model: "m", characters: 9 }]);
  });
});

describe("the gateway's last word on a turn", () => {
  const ok = (result: object, status = "ok") => read({ ok: true, payload: { status, result } });

  test("the model is the one that the upstream named", () => {
    const effective = { provider: "inference", model: "routed", responseModel: "real-1" };
    const agentMeta = { sessionId: "s", model: "routed", terminalReceipt: { effective } };
    expect(ok({ payloads: [{ text: "a" }, { text: "b" }], meta: { agentMeta } })).toEqual({
      text: "a\n\nb",
      model: "real-1",
      sessionId: "s",
    });
  });

  test.each([
    [ok({ payloads: [{ text: "it failed", isError: true }] }), "inference", "it failed"],
    [ok({ payloads: [] }, "error"), "inference", "the turn ended as error"],
    [read({ ok: false, code: "UNAVAILABLE", message: "no" }), "inference", "no"],
    [read({ ok: false, code: "CLOSED", message: "gone" }), "agent-down", "gone"],
    [read({ ok: false, code: "INVALID_REQUEST", message: "bad" }), "agent", "bad"],
  ])("a failure has a kind and a reason: %#", (fault, kind, message) => {
    expect(fault).toEqual({ kind, message });
  });
});

describe("why the model did not answer", () => {
  const fault = { kind: "inference", message: "rejected the schema" } as const;

  test.each([
    [undefined, "the inference route does not run"],
    [{ error: "model is missing" }, "model is missing"],
    [{ lastStatus: 401 }, "401 (it refuses the route's key)"],
    [{ lastStatus: 429 }, "429 (too many requests)"],
    [{ lastStatus: 502 }, "502 (it fails or is overloaded)"],
    [{ lastStatus: 200 }, "not usable: rejected the schema"],
    [{}, "rejected the schema"],
  ])("with the route's status %j", (status, words) => {
    expect(explainFault(fault, status)).toEqual({ kind: "inference", message: expect.stringContaining(words) });
  });

  test("other failures stay as they are", () => {
    expect(explainFault({ kind: "timeout", message: "late" }, undefined)).toEqual({ kind: "timeout", message: "late" });
  });
});

describe("a program run inside", () => {
  const run = (...argv: string[]) => execute({ argv, timeoutSeconds: 5, environment: process.env, folder: "/" });

  test.each([
    [["/bin/sh", "-c", "echo out; echo err >&2; exit 7"], { exitCode: 7, stdout: "out\n", stderr: "err\n" }],
    [["/bin/sh", "-c", "kill -9 $$"], { exitCode: 137 }],
    [["/nowhere/x"], { exitCode: 127 }],
    [["printf", "%s", "$(id) 'ä'\n"], { exitCode: 0, stdout: "$(id) 'ä'\n" }],
  ])("%j", async (argv, expected) => {
    expect(await run(...argv)).toMatchObject(expected);
  });

  test("ends at its deadline with all it started", async () => {
    const argv = ["/bin/sh", "-c", "sleep 600 & sleep 600"];
    const { exitCode } = await execute({ argv, timeoutSeconds: 0.2, environment: process.env, folder: "/" });
    expect(exitCode).toBe(124);
  });

  test("output is cut off, not kept without end", async () => {
    const { stdout, truncated } = await run("/bin/sh", "-c", "head -c 2000000 /dev/zero");
    expect({ length: stdout.length, truncated }).toEqual({ length: 512 * 1024, truncated: true });
  });
});

describe("write denials", () => {
  test("are said once a minute for each path, and not for the private folders", () => {
    const lines = journal();
    let now = 0;
    const denials = createWriteDenials(() => now);
    for (const line of [
      "deny openat /usr/x",
      "deny openat /usr/x",
      "deny mkdir /tmp/a",
      "deny openat /proc/self/uid_map",
      "?",
    ]) {
      denials.seen(line);
    }
    now = 61_000;
    denials.seen("deny openat /usr/x");
    expect(lines).toEqual(Array(2).fill({ event: "write-denied", path: "/usr/x", call: "openat" }));
  });
});

describe("what goes inside", () => {
  const places = {
    bin: "/n/bin",
    home: "/sandbox",
    state: "/s",
    entry: "/a/openclaw.mjs",
    authorities: "/t",
    token: "T",
  };

  test("nothing of systemd's, and the authorities for every family of programs", () => {
    const environment = insideEnvironment(places);
    expect(Object.keys(environment).filter((name) => /NOTIFY|CREDENTIALS|INVOCATION|JOURNAL/.test(name))).toEqual([]);
    const { NODE_EXTRA_CA_CERTS, SSL_CERT_FILE, CURL_CA_BUNDLE, REQUESTS_CA_BUNDLE, GIT_SSL_CAINFO } = environment;
    const all = [NODE_EXTRA_CA_CERTS, SSL_CERT_FILE, CURL_CA_BUNDLE, REQUESTS_CA_BUNDLE, GIT_SSL_CAINFO];
    expect(all).toEqual(Array(5).fill("/t"));
  });

  test("the agent's settings hold no secret, and its token is not among them", () => {
    const text = JSON.stringify(agentSettings({ workspace: "/sandbox", state: "/s" }));
    expect(text).toContain('"baseUrl":"http://inference.local/v1"');
    expect(text).not.toContain('token":"');
  });
});
