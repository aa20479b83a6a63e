import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Connection } from "../../host/connection.ts";
import type { Machine } from "../../host/machine.ts";
import { newKey, startFakeHost } from "../support/fake-host.ts";
import { startAgent } from "../support/ssh-agent.ts";

const fast = { connectSeconds: 5 };

async function dial(machine: Machine, options: Parameters<typeof Connection.open>[1] = fast) {
  const connection = await Connection.open(machine, options);
  return Object.assign(connection, { [Symbol.asyncDispose]: () => connection.close() });
}

describe("the machine must prove itself", () => {
  test("another host key ends it at once, and nobody logs in", async () => {
    await using fake = await startFakeHost();
    const machine = { ...fake.machine, hostKeys: [newKey().public] };
    await expect(dial(machine)).rejects.toMatchObject({
      kind: "host-key",
      message: expect.stringMatching(/pinned +ssh-ed25519 SHA256:.*\n.*presented ssh-ed25519 SHA256:/),
    });
    expect(fake.seen).toMatchObject({ connections: 1, handshakes: 0 });
  });

  test("any of several pinned keys will do", async () => {
    await using fake = await startFakeHost();
    await using connection = await dial({ ...fake.machine, hostKeys: [newKey().public, ...fake.machine.hostKeys] });
    expect(await connection.exec("echo hi")).toMatchObject({ stdout: "hi\n", exitCode: 0 });
  });

  test.each(["ecdsa", "rsa"] as const)("a pinned %s key is asked for, though the machine has others", async (type) => {
    const key = newKey(type);
    await using fake = await startFakeHost({ moreHostKeys: [key] });
    await using connection = await dial({ ...fake.machine, hostKeys: [key.public] });
    expect(connection.closed).toBe(false);
  });

  test("a machine without a key of a pinned type is not the pinned one", async () => {
    await using fake = await startFakeHost();
    await expect(dial({ ...fake.machine, hostKeys: [newKey("ecdsa").public] })).rejects.toMatchObject({
      kind: "host-key",
    });
    expect(fake.seen.connections).toBe(1);
  });

  test("a pin may have a host name before it and a comment after it", async () => {
    await using fake = await startFakeHost();
    await using connection = await dial({ ...fake.machine, hostKeys: [`example.com ${fake.machine.hostKeys[0]} me`] });
    expect(connection.closed).toBe(false);
  });

  test.each(["", "ssh-ed25519", "ssh-ed25519 AAAA", "SHA256:abc"])(
    "a pin that is no key is refused: %j",
    async (pin) => {
      await using fake = await startFakeHost();
      await expect(dial({ ...fake.machine, hostKeys: [pin] })).rejects.toMatchObject({ kind: "host-key" });
    },
  );
});

describe("the operator must prove themselves", () => {
  test("a refused key ends it at once", async () => {
    await using fake = await startFakeHost({ refuseKeys: true });
    await expect(dial(fake.machine)).rejects.toMatchObject({
      kind: "auth",
      message: expect.stringContaining("refused the key"),
    });
    expect(fake.seen.connections).toBe(1);
  });

  test("a private key that is none is named, not printed", async () => {
    await using fake = await startFakeHost();
    const error = await dial({ ...fake.machine, privateKey: "my-own-words" }).catch((each) => each);
    expect(error).toMatchObject({ kind: "auth" });
    expect(String(error)).not.toContain("my-own-words");
  });

  test("an agent that is not there is named", async () => {
    await using fake = await startFakeHost();
    const machine = { ...fake.machine, privateKey: undefined, agentSocket: join(fake.folder, "no-agent") };
    await expect(dial(machine)).rejects.toMatchObject({ kind: "auth", message: expect.stringContaining("agent") });
  });
});

describe("an SSH agent", () => {
  test("logs in with a key that is nowhere else, on the machine and on a jump host", async ({ skip }) => {
    await using agent = await startAgent();
    if (!agent) return skip("no ssh-agent here");
    await using jump = await startFakeHost({ authorizedKey: agent.key.public });
    await using fake = await startFakeHost({ authorizedKey: agent.key.public });
    const machine = { ...fake.machine, privateKey: undefined, agentSocket: agent.socket };
    {
      await using direct = await dial(machine);
      expect(await direct.exec("echo hi")).toMatchObject({ stdout: "hi\n" });
    }
    const { address, port, hostKeys, user } = jump.machine;
    await using behind = await dial({ ...machine, via: { kind: "jump", address, port, hostKeys, user } });
    expect(await behind.exec("echo over")).toMatchObject({ stdout: "over\n" });
    expect([jump.seen.handshakes, fake.seen.handshakes]).toEqual([1, 2]);
  });

  test("that has another key is refused at once", async ({ skip }) => {
    await using agent = await startAgent();
    if (!agent) return skip("no ssh-agent here");
    await using fake = await startFakeHost({ authorizedKey: newKey().public });
    const machine = { ...fake.machine, privateKey: undefined, agentSocket: agent.socket };
    await expect(dial(machine)).rejects.toMatchObject({
      kind: "auth",
      message: expect.stringContaining("refused the key"),
    });
    expect(fake.seen).toMatchObject({ connections: 1, handshakes: 0 });
  });
});

describe("a machine that is not up yet", () => {
  test("is tried again when it cuts the connection before it says anything", async () => {
    await using fake = await startFakeHost({ resets: 2 });
    await using connection = await dial(fake.machine);
    expect(connection.closed).toBe(false);
    expect(fake.seen.connections).toBe(3);
  });

  test("is tried again while nothing listens, and says so", async () => {
    const port = await freePort();
    const key = newKey();
    const said: string[] = [];
    const { promise: waiting, resolve } = Promise.withResolvers<void>();
    const log = (line: string) => {
      said.push(line);
      resolve();
    };
    const opening = dial(machineAt(port, key.public), { connectSeconds: 20, log });
    await waiting;
    await using fake = await startFakeHost({ port, hostKey: key });
    await using connection = await opening;
    expect(connection.closed).toBe(false);
    expect(fake.seen.handshakes).toBe(1);
    expect(said[0]).toMatch(/waiting for .*ECONNREFUSED/);
  });

  test("is given up at the deadline", async () => {
    const machine = machineAt(await freePort(), newKey().public);
    await expect(dial(machine, { connectSeconds: 1 })).rejects.toMatchObject({
      kind: "unreachable",
      message: expect.stringMatching(/cannot be reached \(tried for \d+ s\)[\s\S]*ECONNREFUSED/),
    });
  });

  test("is given up when cancelled", async () => {
    const controller = new AbortController();
    const machine = machineAt(await freePort(), newKey().public);
    const opening = dial(machine, { connectSeconds: 60, signal: controller.signal, log: () => controller.abort() });
    await expect(opening).rejects.toMatchObject({ kind: "cancelled" });
  });

  test("is not waited for when its name is unknown", async () => {
    const machine = { ...machineAt(22, newKey().public), address: "no-such-machine.invalid" };
    await expect(dial(machine, { connectSeconds: 60 })).rejects.toMatchObject({ kind: "unreachable" });
  });
});

describe("ways to a machine", () => {
  test("over a jump host with a pinned key of its own", async () => {
    await using jump = await startFakeHost();
    await using fake = await startFakeHost();
    const { address, port, hostKeys, user } = jump.machine;
    const via = { kind: "jump" as const, address, port, hostKeys, user };
    await using connection = await dial({ ...fake.machine, via });
    expect(await connection.exec("echo over")).toMatchObject({ stdout: "over\n" });
    expect([jump.seen.handshakes, fake.seen.handshakes]).toEqual([1, 1]);

    const other = { ...via, hostKeys: [newKey().public] };
    await expect(dial({ ...fake.machine, via: other })).rejects.toMatchObject({
      kind: "host-key",
      message: expect.stringContaining(`:${port}`),
    });
    expect(fake.seen.connections).toBe(1);
  });

  test("over the standard input and output of a program", async () => {
    await using fake = await startFakeHost();
    const pipe = `const s = require("net").connect(${fake.machine.port}, "127.0.0.1"); process.stdin.pipe(s).pipe(process.stdout)`;
    const via = { kind: "command" as const, argv: [process.execPath, "-e", pipe] };
    await using connection = await dial({ ...fake.machine, address: "nowhere.invalid", via });
    expect(await connection.exec("cat", { stdin: "x".repeat(300_000) })).toMatchObject({ stdout: "x".repeat(300_000) });
  });

  test("a program that is not installed is named", async () => {
    const via = { kind: "command" as const, argv: ["no-such-program", "--to", "it"] };
    const machine = { ...machineAt(22, newKey().public), via };
    await expect(dial(machine)).rejects.toThrow("no-such-program is not installed here");
  });

  test("what a failing program said is in the error", async () => {
    const via = { kind: "command" as const, argv: ["sh", "-c", "echo the session has expired >&2; exit 1"] };
    const machine = { ...machineAt(22, newKey().public), via };
    await expect(dial(machine, { connectSeconds: 1 })).rejects.toMatchObject({
      kind: "unreachable",
      message: expect.stringContaining("the session has expired"),
    });
  });
});

describe("commands on a connection", () => {
  test("take input, say output as it comes, and end with their code", async () => {
    await using fake = await startFakeHost();
    await using connection = await dial(fake.machine);
    const heard: string[] = [];
    const result = await connection.exec("cat; echo err >&2; exit 7", {
      stdin: "grüße",
      onOutput: (chunk, stream) => heard.push(`${stream} ${chunk}`),
    });
    expect(result).toEqual({ stdout: "grüße", stderr: "err\n", exitCode: 7 });
    expect(heard).toEqual(expect.arrayContaining(["stdout grüße", "stderr err\n"]));
  });

  test("wait for each other below sshd's limit of sessions", async () => {
    await using fake = await startFakeHost();
    await using connection = await dial(fake.machine);
    const results = await Promise.all(Array.from({ length: 30 }, (_, n) => connection.exec(`sleep 0.05; echo ${n}`)));
    expect(results.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 30 }, (_, n) => n));
    expect(fake.seen.mostOpen).toBeLessThanOrEqual(8);
  });

  test("make do with a machine that allows fewer sessions", async () => {
    await using fake = await startFakeHost({ maxSessions: 2 });
    await using connection = await dial(fake.machine);
    const results = await Promise.all(Array.from({ length: 12 }, (_, n) => connection.exec(`sleep 0.05; echo ${n}`)));
    expect(results.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 12 }, (_, n) => n));
  });

  test("are stopped by what their caller says when they are late", async () => {
    await using fake = await startFakeHost();
    await using connection = await dial(fake.machine);
    let stopped = 0;
    const stop = async () => {
      stopped += 1;
    };
    await expect(connection.exec("sleep 600", { timeoutSeconds: 1, stop })).rejects.toMatchObject({ kind: "timeout" });
    expect(stopped).toBe(1);
  });

  test("are stopped by what their caller says when cancelled", async () => {
    await using fake = await startFakeHost();
    await using connection = await dial(fake.machine);
    const controller = new AbortController();
    let stopped = 0;
    const running = connection.exec("echo up; sleep 600", {
      signal: controller.signal,
      onOutput: () => controller.abort(),
      stop: async () => {
        stopped += 1;
      },
    });
    await expect(running).rejects.toMatchObject({ kind: "cancelled" });
    await expect(connection.exec("true", { signal: controller.signal })).rejects.toMatchObject({ kind: "cancelled" });
    expect(stopped).toBe(1);
  });

  test("tell when the connection is lost under them", async () => {
    await using fake = await startFakeHost();
    await using connection = await dial(fake.machine);
    const running = connection.exec("echo up; sleep 600", { onOutput: () => fake.cut() });
    await expect(running).rejects.toMatchObject({ kind: "unreachable", message: expect.stringContaining("was lost") });
    await expect(connection.exec("true")).rejects.toMatchObject({ kind: "unreachable" });
  });
});

describe("a machine that falls silent", () => {
  const keepalive = { intervalMs: 200, unanswered: 5 };

  test("is found out by the keepalive, and what runs there ends as lost", async () => {
    await using fake = await startFakeHost();
    await using line = await startLine(fake.machine.port);
    await using connection = await dial({ ...fake.machine, port: line.port }, { ...fast, keepalive });
    const running = connection.exec("echo up; sleep 600", { onOutput: () => line.swallow() });
    await expect(running).rejects.toMatchObject({ kind: "unreachable", message: expect.stringContaining("was lost") });
    expect(connection.closed).toBe(true);
  });

  test("is not one that only has nothing to say", async () => {
    await using fake = await startFakeHost();
    await using line = await startLine(fake.machine.port);
    await using connection = await dial({ ...fake.machine, port: line.port }, { ...fast, keepalive });
    expect(await connection.exec("sleep 2; echo done")).toMatchObject({ stdout: "done\n", exitCode: 0 });
  });
});

/** A line to a port of this computer that can be made to swallow what it is given, as a network does that has lost its way. */
async function startLine(to: number) {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(to, "127.0.0.1");
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on("error", () => {});
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    swallow: () => {
      for (const socket of sockets) socket.unpipe().resume();
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function machineAt(port: number, hostKey: string): Machine {
  return {
    id: "nowhere",
    address: "127.0.0.1",
    port,
    user: "operator",
    hostKeys: [hostKey],
    privateKey: newKey().private,
    arch: "amd64",
    gpu: "none",
    owner: { project: "demo", stack: "test", installation: "fake" },
  };
}
