import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Attendance } from "../../services/sandbox-supervisor/attendance.ts";
import { call } from "../../services/sandbox-supervisor/client.ts";
import { containerEnvironment } from "../../services/sandbox-supervisor/environment.ts";
import { serveAgent } from "../../services/sandbox-supervisor/serve-agent.ts";
import { attendantUnit } from "../../services/sandbox-supervisor/units.ts";

const inside = join(import.meta.dirname, "../../services/sandbox-supervisor/inside");
const standIn = join(import.meta.dirname, "../support/openclaw-stand-in.mjs");
const attach = (socket: string): [string, ...string[]] => [process.execPath, join(inside, "attach.ts"), socket];

let folder: string;
let socket: string;
const started: ChildProcessWithoutNullStreams[] = [];
const servers: Server[] = [];
const attended: Attendance[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "attendant-"));
  socket = join(folder, "run/orders.sock");
  mkdirSync(join(folder, "workspace"));
  vi.spyOn(process.stdout, "write").mockReturnValue(true);
});

afterEach(async () => {
  vi.restoreAllMocks();
  for (const server of servers.splice(0)) server.close();
  await Promise.all(attended.splice(0).map((one) => one.stop()));
  await Promise.all(started.splice(0).map(ending));
  rmSync(folder, { recursive: true });
});

async function ending(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await gone;
}

function run(words: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  const child = spawn(process.execPath, words, { env, stdio: "pipe" });
  started.push(child);
  const said = { out: "", err: "" };
  child.stdout.on("data", (chunk) => (said.out += chunk));
  child.stderr.on("data", (chunk) => (said.err += chunk));
  const code = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, said, code };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function mainProcess(more: NodeJS.ProcessEnv = {}, options: readonly string[] = []) {
  const places = ["--listen", socket, "--state", join(folder, "state"), "--workspace", join(folder, "workspace")];
  const rest = ["--entry", standIn, "--base-url", "https://model.test/v1", "--port", String(await freePort())];
  return run([join(inside, "main-process.ts"), ...places, ...rest, ...options], { ...process.env, ...more });
}

/** A client at the end of attach, with what it was told. */
function client() {
  const [, ...words] = attach(socket);
  const { child, said, code } = run(words);
  const lines = () =>
    said.out
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { child, said, code, lines, order: (order: object) => child.stdin.write(`${JSON.stringify(order)}\n`) };
}

const until = (what: () => unknown) => vi.waitFor(() => expect(what()).toBeTruthy(), { timeout: 20_000, interval: 20 });

/** The attendant's own parts, served at sockets of our own. */
async function attendant(command: [string, ...string[]]) {
  const tree = new Attendance(command);
  attended.push(tree);
  const sockets = { turns: join(folder, "turns.sock"), control: join(folder, "control.sock") };
  const about = { sandbox: "main", agentVersion: "2026.9.6", startedAt: "2026-11-22T18:00:00.000Z" };
  const served = await serveAgent({ ...about, tree, sockets, statusPort: 0, group: undefined });
  servers.push(...Object.values(served));
  const { port } = served.page.address() as { port: number };
  const ask = (path: string, request: object) => call({ path, request, timeoutSeconds: 20, unit: "the unit" });
  return {
    tree,
    health: async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).status,
    turn: (message: string) => ask(sockets.turns, { id: "1", op: "turn", session: "s", message }),
    control: (request: object) => ask(sockets.control, request),
  };
}

describe("the agent as a main process, with a stand-in for OpenClaw", { timeout: 60_000 }, () => {
  test("two clients are told how things are; an answer goes to the one that asked, events to both", async () => {
    // Attached before there is a socket.
    const one = client();
    await mainProcess();
    await until(() => one.lines().some(({ event }) => event === "ready"));
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    const two = client();
    await until(() => two.lines().length >= 2);
    expect(two.lines().map(({ event }) => event)).toEqual(expect.arrayContaining(["started", "ready"]));

    one.order({ id: "7", op: "turn", session: "s", message: "hello", timeoutSeconds: 10 });
    two.order({ id: "7", op: "exec", argv: ["pwd"], timeoutSeconds: 10 });
    await until(() => [one, two].every(({ lines }) => lines().some(({ id }) => id === "7")));
    const answers = [one, two].map(({ lines }) => lines().filter(({ id }) => id === "7"));
    expect(answers[0]).toEqual([{ id: "7", answer: { text: "hello!", model: "stand-in", sessionId: "agent:main:s" } }]);
    expect(answers[1]).toMatchObject([{ answer: { exitCode: 0, stdout: `${join(folder, "workspace")}\n` } }]);

    one.order({ id: "8", op: "turn", session: "s", message: "drop", timeoutSeconds: 10 });
    const again = () => [one, two].every(({ lines }) => lines().filter(({ event }) => event === "ready").length > 1);
    await until(again);
    for (const { lines } of [one, two]) expect(lines().map(({ event }) => event)).toContain("lost");
  });

  test("the route that a file leads to is taken up without the agent's restart, and asked with a placeholder", async () => {
    const route = join(folder, "route.json");
    const settings = () => JSON.parse(readFileSync(join(folder, "state/openclaw.json"), "utf8"));
    const env = { NEMOCLAW_INFERENCE_KEY: "openshell:resolve:env:NEMOCLAW_INFERENCE_KEY" };
    await mainProcess(env, ["--route", route, "--key-variable", "NEMOCLAW_INFERENCE_KEY"]);
    const one = client();
    await until(() => one.lines().some(({ event }) => event === "ready"));
    expect(settings().models.providers.inference).toMatchObject({ baseUrl: "https://model.test/v1" });
    for (const model of ["first", "second"]) {
      writeFileSync(`${route}.new`, JSON.stringify({ baseUrl: "https://real.test/v1", model }));
      renameSync(`${route}.new`, route);
      await until(() => settings().agents.defaults.model.primary === `inference/${model}`);
      expect(settings().models.providers.inference).toMatchObject({
        baseUrl: "https://real.test/v1",
        apiKey: env.NEMOCLAW_INFERENCE_KEY,
        models: [{ id: model }],
      });
    }
    expect(one.lines().filter(({ event }) => event === "started")).toHaveLength(1);
  });

  test("the way out that the container has stays, and the gateway's token is the agent's alone", async () => {
    const proxy = { HTTPS_PROXY: "http://10.200.0.1:3128", NO_PROXY: "127.0.0.1,localhost,::1", SSL_CERT_FILE: "/ca" };
    await mainProcess(proxy);
    const one = client();
    await until(() => one.lines().some(({ event }) => event === "ready"));
    one.order({ id: "1", op: "turn", session: "s", message: "environment", timeoutSeconds: 10 });
    one.order({ id: "2", op: "exec", argv: ["env"], timeoutSeconds: 10 });
    await until(() => ["1", "2"].every((id) => one.lines().some((line) => line.id === id)));
    const answer = (id: string) =>
      one.lines().find((line) => line.id === id)?.answer as { text: string; stdout: string };
    const environment = JSON.parse(answer("1").text);
    expect(environment).toMatchObject({ ...proxy, HOME: join(folder, "workspace"), NODE_USE_ENV_PROXY: "1" });
    expect(environment.PATH.split(":")[0]).toBe(dirname(process.execPath));
    expect(environment.OPENCLAW_GATEWAY_TOKEN).toMatch(/^[\w-]{43}$/);
    expect(answer("2").stdout).not.toContain(environment.OPENCLAW_GATEWAY_TOKEN);
    expect(readFileSync(join(folder, "state/openclaw.json"), "utf8")).toContain('"https://model.test/v1"');
  });

  test("it ends with the agent's own code, and its clients with it", async () => {
    const { code, said } = await mainProcess();
    const one = client();
    await until(() => one.lines().some(({ event }) => event === "ready"));
    one.order({ id: "1", op: "turn", session: "s", message: "end", timeoutSeconds: 10 });
    expect([await code, await one.code]).toEqual([7, 1]);
    expect(said.out).toBe("");
    expect(said.err).toContain("stand-in for OpenClaw");
  });

  test("where it is asked to, it starts an agent again that ended", async () => {
    const { child, code } = await mainProcess({}, ["--restart-seconds", "0.1"]);
    const one = client();
    await until(() => one.lines().some(({ event }) => event === "ready"));
    one.order({ id: "1", op: "turn", session: "s", message: "end", timeoutSeconds: 10 });
    await until(() => one.lines().filter(({ event }) => event === "ready").length > 1);
    const [first, second] = one.lines().filter(({ event }) => event === "started");
    expect(second?.gatewayPid).not.toBe(first?.gatewayPid);
    expect(one.lines().find(({ id }) => id === "1")).toMatchObject({ fault: { kind: "agent-down" } });
    // A client that comes now knows only the agent that is there.
    const two = client();
    await until(() => two.lines().length >= 2);
    expect(two.lines()).toMatchObject([second ?? {}, { event: "ready" }]);
    one.order({ id: "2", op: "turn", session: "s", message: "again", timeoutSeconds: 10 });
    await until(() => one.lines().some(({ id }) => id === "2"));
    expect(one.lines().find(({ id }) => id === "2")).toMatchObject({ answer: { text: "again!" } });
    child.kill("SIGTERM");
    expect(await code).toBe(0);
  });

  test.each([
    ["it is started once more, and answers", 1, 0],
    ["and again, that is the end", 2, 9],
  ])("where the agent ended before it ever answered, %s", async (_, vainStarts, wanted) => {
    const entry = join(folder, "vain.mjs");
    const starts = join(folder, "starts");
    writeFileSync(
      entry,
      `import { appendFileSync, readFileSync } from "node:fs";
appendFileSync(${JSON.stringify(starts)}, "x");
if (readFileSync(${JSON.stringify(starts)}).length <= ${vainStarts}) process.exit(9);
await import(${JSON.stringify(standIn)});`,
    );
    const { child, said, code } = await mainProcess({}, ["--entry", entry]);
    if (wanted === 0) {
      await until(() => said.err.includes('"ready"'));
      child.kill("SIGTERM");
    }
    expect(await code).toBe(wanted);
    expect(readFileSync(starts, "utf8")).toBe("xx");
    expect(said.err).toContain('{"event":"lost","reason":"the agent ended with code 9"}');
  });

  test("SIGTERM ends it and the agent", async () => {
    const { child, said, code } = await mainProcess();
    await until(() => said.err.includes('"ready"'));
    const { gatewayPid } = JSON.parse(said.err.split("\n").find((line) => line.includes("gatewayPid")) ?? "");
    child.kill("SIGTERM");
    expect(await code).toBe(0);
    expect(() => process.kill(gatewayPid, 0)).toThrow("ESRCH");
  });

  test("a link in the place of its settings is not followed, and one for the socket is replaced", async () => {
    mkdirSync(join(folder, "state"));
    mkdirSync(dirname(socket));
    writeFileSync(join(folder, "else"), "untouched");
    symlinkSync(join(folder, "else"), join(folder, "state/openclaw.json"));
    symlinkSync(join(folder, "else"), socket);
    const { said } = await mainProcess();
    await until(() => said.err.includes('"ready"'));
    expect(readFileSync(join(folder, "else"), "utf8")).toBe("untouched");
    expect(statSync(socket).isSocket()).toBe(true);
  });

  test("a client ends when its input does", async () => {
    await mainProcess();
    const one = client();
    await until(() => one.lines().length > 0);
    one.child.stdin.end();
    expect(await one.code).toBe(0);
  });
});

describe("the attendant of a stand-in for OpenClaw", { timeout: 60_000 }, () => {
  test("serves turns, control and status as the supervisor does", async () => {
    await mainProcess();
    const { tree, turn, control, health } = await attendant(attach(socket));
    await tree.firstReady;
    expect(await turn("hello")).toEqual({
      id: "1",
      ok: true,
      text: "hello!",
      model: "stand-in",
      sessionId: "agent:main:s",
    });
    const status = await control({ op: "status" });
    expect(status).toMatchObject({ ready: true, agentVersion: "2026.9.6", lastModel: "stand-in" });
    expect(() => process.kill(Number(status.agentPid), 0)).not.toThrow();
    expect(await control({ op: "exec", argv: ["echo", "inside"] })).toMatchObject({ exitCode: 0, stdout: "inside\n" });
    expect(await health()).toBe(200);
  });

  test("a turn is answered while the agent is down, and the command is started again until it is back", async () => {
    const first = await mainProcess();
    // Counts how often it runs.
    const runs = join(folder, "runs");
    const script = `echo run >> ${runs}; exec "$@"`;
    const { tree, turn, control, health } = await attendant(["/bin/sh", "-c", script, "sh", ...attach(socket)]);
    await tree.firstReady;
    const held = turn("hold");
    await sleep(50);
    first.child.kill("SIGTERM");
    expect(await held).toMatchObject({ ok: false, error: { kind: "agent-down" } });
    await first.code;
    expect(await turn("hello")).toMatchObject({ ok: false, error: { kind: "agent-down" } });
    expect(await control({ op: "status" })).toMatchObject({ ready: false, agentPid: null });
    expect(await health()).toBe(503);

    await mainProcess();
    await until(() => tree.ready);
    expect(await turn("again")).toMatchObject({ ok: true, text: "again!" });
    expect(readFileSync(runs, "utf8").split("\n").length - 1).toBeGreaterThan(1);
  });

  test("a command that cannot be started is an agent that is down", async () => {
    const { turn, control } = await attendant(["/nowhere/openshell"]);
    expect(await turn("hello")).toMatchObject({ ok: false, error: { kind: "agent-down" } });
    await sleep(600);
    expect(await control({ op: "exec", argv: ["true"] })).toMatchObject({ ok: false, error: { kind: "agent-down" } });
  });

  test("an agent that ends before it ever answers is given up on after a while, with its last words", async () => {
    const entry = join(folder, "broken.mjs");
    writeFileSync(entry, 'console.error("broken on purpose");\nprocess.exit(3);\n');
    const { said } = await mainProcess({}, ["--entry", entry, "--restart-seconds", "0.3"]);
    const { tree, control } = await attendant(attach(socket));
    await expect(tree.firstReady).rejects.toThrow(
      "started 3 times and never answered: the agent ended with code 3: broken on purpose",
    );
    expect(await control({ op: "status" })).toMatchObject({ ready: false });
    expect(said.err).toContain("broken on purpose\n");
  });

  test("what the agent writes to its log is in ours, once, and not without end", async () => {
    const { said } = await mainProcess();
    const { tree, turn } = await attendant(attach(socket));
    await tree.firstReady;
    const lines = () =>
      vi
        .mocked(process.stdout.write)
        .mock.calls.map(([text]) => JSON.parse(String(text).replace(/^<\d>/, "")) as Record<string, unknown>)
        .flatMap(({ event, line }) => (event === "agent-log" ? [String(line)] : []))
        // Its first words may come before anybody is attached.
        .filter((line) => !line.startsWith("stand-in"));
    await turn("write 1");
    await until(() => lines().length > 0);
    expect(lines()).toEqual(["line 1"]);
    await turn("write 5000");
    await sleep(1000);
    await turn("write 1");
    await until(() => lines().filter((line) => line === "line 1").length === 3);
    expect(lines().length).toBeLessThan(500);
    expect(lines()).toContainEqual(expect.stringMatching(/^\(lines left out: \d+\)$/));
    expect(said.err).toContain("line 5000\n");
    expect((await turn("hello")).text).toBe("hello!");
  });

  test("a line for our log is the agent's word: text of a bounded length, whatever it is", async () => {
    const say = (event: object) => `echo '${JSON.stringify(event)}'`;
    const script = [
      { event: "log", line: "x".repeat(100_000) },
      { event: "log", line: { event: "egress" } },
    ].map(say);
    await attendant(["/bin/sh", "-c", [...script, "exec cat"].join("\n")]);
    const said = () => vi.mocked(process.stdout.write).mock.calls.map(([text]) => String(text));
    await until(() => said().some((text) => text.includes("[object Object]")));
    expect(said()).toEqual([
      `<6>${JSON.stringify({ event: "agent-log", line: "x".repeat(8192) })}\n`,
      '<6>{"event":"agent-log","line":"[object Object]"}\n',
    ]);
  });

  test("an agent that ended once is not given up on because its attendant rejoins it again and again", async () => {
    const entry = join(folder, "slow.mjs");
    const once = join(folder, "ended-once");
    writeFileSync(
      entry,
      `import { existsSync, writeFileSync } from "node:fs";
if (existsSync("${once}")) setInterval(() => {}, 1000);
else { writeFileSync("${once}", ""); process.exit(3); }\n`,
    );
    const { said } = await mainProcess({}, ["--entry", entry, "--restart-seconds", "0.1"]);
    await until(() => said.err.includes('"lost"'));
    const runs = join(folder, "runs");
    const command = `echo run >>${runs}; exec timeout 1 "$@"`;
    const { tree } = await attendant(["/bin/sh", "-c", command, "sh", ...attach(socket)]);
    let givenUp = false;
    tree.firstReady.catch(() => {
      givenUp = true;
    });
    await until(() => existsSync(runs) && readFileSync(runs, "utf8").split("\n").length > 4);
    await sleep(1000);
    expect(givenUp).toBe(false);
  });

  test("when it stops, the agent goes on", async () => {
    const { child } = await mainProcess();
    const { tree } = await attendant(attach(socket));
    await tree.firstReady;
    await tree.stop();
    expect(child.exitCode).toBeNull();
    const one = client();
    await until(() => one.lines().some(({ event }) => event === "ready"));
  });
});

describe("the attendant's unit", () => {
  const unit = (more: object = {}) =>
    attendantUnit({
      sandbox: "main",
      node: "/opt/nemoclaw/node/current/bin/node",
      bundle: "/opt/nemoclaw/supervisor/1/attendant.mjs",
      agentVersion: "2026.9.6",
      statusPort: 17872,
      command: ["/opt/openshell", "sandbox", "exec"],
      environment: {},
      ...more,
    });

  test("starts its command word by word", () => {
    const command = ["/usr/bin/ssh", "-o", 'ProxyCommand=/opt/openshell ssh-proxy "a" $HOME 100% \\'];
    expect(unit({ command })).toContain(
      '--status-port 17872 -- "/usr/bin/ssh" "-o" "ProxyCommand=/opt/openshell ssh-proxy \\"a\\" $$HOME 100%% \\\\"\n',
    );
    expect(unit({ environment: { A: "b $c" } })).toContain('\nEnvironment="A=b $c"\n');
  });

  test("reaches the loopback alone, and stays down when it was stopped on purpose", () => {
    for (const line of ["User=nemoclaw-openshell", "IPAddressDeny=any", "IPAddressAllow=localhost", "Restart=always"]) {
      expect(unit().split("\n")).toContain(line);
    }
    expect(unit()).toContain("\nConditionPathExists=!/etc/nemoclaw/main/stopped\n");
  });

  test.each([
    { sandbox: "a b" },
    { command: ["x\nUser=root"] },
    { environment: { "A\nUser": "root" } },
    { environment: { A: "b\nUser=root" } },
    { agentVersion: "1 --sandbox other" },
  ])("a value that could change the meaning of a line is refused: %j", (more) => {
    expect(() => unit(more)).toThrow(/^not a/);
  });
});

test("without a way out that is set, the agent's environment is a plain one", () => {
  const places = { bin: "/n/bin", home: "/sandbox", state: "/s" };
  expect(containerEnvironment({ inherited: {}, ...places })).toMatchObject({
    PATH: "/n/bin:/usr/local/bin:/usr/bin:/bin",
    HOME: "/sandbox",
    TMPDIR: "/tmp",
    OPENCLAW_STATE_DIR: "/s",
  });
});
