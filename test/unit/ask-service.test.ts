import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bytesOf } from "../../host/apply-script.ts";
import { askService } from "../../host/runtimes/ask-service.ts";
import { paths } from "../../host/runtimes/embedded/paths.ts";
import { asSandboxAsks } from "../../host/runtimes/openshell/asking-place.ts";
import { putProgram } from "../support/stand-ins.ts";

/**
 * The question to a service in a real shell with the real curl, to a server in this process. Stood in for are Docker, nsenter
 * and ss, of a machine with one sandbox.
 */
interface Seen {
  readonly authorization: string | undefined;
  readonly body: Record<string, unknown>;
}

let folder: string;
let server: Server;
let port: number;
let seen: Seen[];
let answers: { status: number; body: string }[];

const good = (model: string | undefined) => ({ status: 200, body: JSON.stringify({ model, choices: [{ index: 0 }] }) });
const note = () => JSON.parse(readFileSync(join(folder, "etc/note.json"), "utf8")) as object;

function standIn(program: string, script: string): void {
  putProgram(join(folder, "bin"), program, script);
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "nemoclaw-ask-"));
  mkdirSync(join(folder, "bin"));
  [seen, answers] = [[], []];
  server = createServer(async (request, response) => {
    const body = JSON.parse(await text(request)) as Record<string, unknown>;
    seen.push({ authorization: request.headers.authorization, body: { ...body, path: request.url } });
    const { status, body: said } = answers.shift() ?? good("m-1");
    response.writeHead(status, { "content-type": "application/json" }).end(said);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  port = (server.address() as AddressInfo).port;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  rmSync(folder, { recursive: true });
});

async function ask(options: { baseUrl?: string; key?: string; from?: string } = {}) {
  const { baseUrl = `http://127.0.0.1:${port}/v1`, key, from } = options;
  const command = askService({ baseUrl, model: "m-1", key }, { from, note: join(folder, "etc/note.json") });
  const script = command.script.replaceAll(paths.node, process.execPath);
  const env = { ...process.env, PATH: `${join(folder, "bin")}:${process.env.PATH}` };
  const child = spawn("sh", ["-eu", "-c", script], { env });
  child.stdin.end(bytesOf(command.stdin ?? ""));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const exitCode =
    child.exitCode ?? (await new Promise<number>((done) => child.once("exit", (code) => done(code ?? 1))));
  return { said: stdout + stderr, exitCode, script };
}

describe("asking a service", () => {
  test("is one short request with the key, and notes what the service calls its model", async () => {
    answers = [good("m-1-2026-05-01")];
    const { exitCode, said, script } = await ask({ key: 'k"e\\y-1' });
    expect([exitCode, said]).toEqual([0, ""]);
    expect(seen).toEqual([
      {
        authorization: 'Bearer k"e\\y-1',
        body: {
          path: "/v1/chat/completions",
          model: "m-1",
          messages: [{ role: "user", content: "ping" }],
          max_completion_tokens: 32,
        },
      },
    ]);
    expect(note()).toEqual({ model: "m-1", answersAs: "m-1-2026-05-01" });
    expect(script).not.toContain("e\\y-1");
  });

  test("sends no key where there is none", async () => {
    expect((await ask()).exitCode).toBe(0);
    expect(seen.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  test("names the limit as an older service does, when it does not know the newer name", async () => {
    answers = [{ status: 400, body: '{"error":{"message":"unknown field max_completion_tokens"}}' }];
    expect((await ask()).exitCode).toBe(0);
    expect(seen.at(-1)?.body).toMatchObject({ max_tokens: 32 });
    expect(seen).toHaveLength(2);
  });

  test.each([
    [
      "refuses the key",
      401,
      '{"error":\n {"message":"bad key"}}',
      'the service said 401: {"error": {"message":"bad key"}}',
    ],
    [
      "fails with max_completion_tokens in its words",
      500,
      "max_completion_tokens",
      "the service said 500: max_completion_tokens",
    ],
    ["redirects", 302, "", "the service said 302"],
    ["is no model's", 200, "<html>", "the service said 200, and what it said is no answer of a model: <html>"],
  ])("that %s says its status and its words, and notes nothing", async (_it, status, body, words) => {
    answers = [{ status, body }];
    expect(await ask()).toMatchObject({ exitCode: 1, said: `${words}\n` });
    expect(existsSync(join(folder, "etc/note.json"))).toBe(false);
    expect(seen).toHaveLength(1);
  });

  test("that is not there is told in curl's words", async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
    expect(await ask()).toMatchObject({ exitCode: 1, said: expect.stringMatching(/curl: \(7\) .*127\.0\.0\.1/) });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  });
});

describe("as a sandbox of OpenShell asks", () => {
  const from = asSandboxAsks("main");
  const machine = (extraHosts: string, { pid = 4242, known = "" } = {}) => {
    standIn(
      "nsenter",
      `echo "$*" >>${join(folder, "entered")}; until test "$1" = --; do shift; done; shift; exec "$@"`,
    );
    standIn(
      "docker",
      `case "$*" in
ps*) echo c1 ;;
*sandbox-id*) echo b1 ;;
*ExtraHosts*) echo ${extraHosts} ;;
*State.Pid*) echo ${pid} ;;
*NetworkMode*) echo openshell-docker ;;
*Networks*) echo 127.0.0.3 ;;
exec*getent*) test -n "${known}" || exit 2; echo '${known} STREAM' ;;
*) exit 9 ;;
esac`,
    );
    standIn("ss", "echo 'LISTEN 0 128 127.0.0.1:9 0.0.0.0:*'");
  };
  const entered = () => readFileSync(join(folder, "entered"), "utf8").trim().split(" curl")[0];

  test("the machine is at the address that sandboxes have for it, in their network", async () => {
    machine("host.openshell.internal:127.0.0.1");
    const { exitCode, said } = await ask({ baseUrl: `http://host.openshell.internal:${port}/v1/`, from });
    expect([exitCode, said]).toEqual([0, ""]);
    expect(entered()).toBe("--net --target 4242 --");
  });

  test("what listens on the machine's loopback alone is found out, and said", async () => {
    machine("host.openshell.internal:127.0.0.2");
    const { exitCode, said } = await ask({ baseUrl: "http://host.openshell.internal:9/v1", from });
    expect(exitCode).toBe(1);
    expect(said).toMatch(/^curl: \(7\)/m);
    expect(said).toContain(
      "sandboxes know this machine as 127.0.0.2, not as localhost; on port 9 it listens on 127.0.0.1:9 \n",
    );
  });

  test("a name that only the machine knows is refused before anything is asked", async () => {
    machine("");
    const { exitCode, said } = await ask({ baseUrl: `http://localhost:${port}/v1`, from });
    expect([exitCode, seen]).toEqual([1, []]);
    expect(said).toBe(
      "the sandbox main does not know the name localhost: sandboxes ask the machine's name server, and do not read its /etc/hosts\n",
    );
  });

  test("another name is at the address that it has there", async () => {
    machine("", { known: "127.0.0.1" });
    expect((await ask({ baseUrl: `http://models.example.com:${port}/v1`, from })).exitCode).toBe(0);
  });

  test("an address of version 6 is asked itself: here nothing listens on it", async () => {
    machine("", { known: "::1" });
    const { said } = await ask({ baseUrl: `http://[::1]:${port}/v1`, from });
    expect(said).toMatch(/^curl: \(7\)/m);
    expect(entered()).toBe("--net --target 4242 --");
  });

  test("of a stopped sandbox nothing is entered, and the machine is still at its address", async () => {
    machine("host.openshell.internal:host-gateway", { pid: 0 });
    const { said } = await ask({ baseUrl: "http://host.openshell.internal:9/v1", from });
    expect(said).toContain("sandboxes know this machine as 127.0.0.3,");
    expect(existsSync(join(folder, "entered"))).toBe(false);
  });
});
