import { mkdtempSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { call } from "../../services/sandbox-supervisor/client.ts";
import { type Handle, serveLines } from "../../services/sandbox-supervisor/line-server.ts";
import { page, type SandboxStatus, serveStatusPage } from "../../services/sandbox-supervisor/status-page.ts";

let folder: string;
const open: { close(): unknown }[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "supervisor-"));
});

afterEach(() => {
  for (const server of open.splice(0)) server.close();
  rmSync(folder, { recursive: true });
});

async function serve(handle: Handle, mode = 0o600): Promise<string> {
  const path = join(folder, "s.sock");
  open.push(await serveLines({ path, mode, handle }));
  return path;
}

const ask = (path: string, request: object) => call({ path, request, timeoutSeconds: 5, unit: "the unit" });

describe("a socket of JSON lines", () => {
  test("answers under the request's id", async () => {
    const path = await serve(async ({ op }) => ({ ok: true, op }));
    expect(await ask(path, { id: "7", op: "x\n'ä" })).toEqual({ id: "7", ok: true, op: "x\n'ä" });
  });

  test("a handler that throws is an invalid request, and the socket goes on", async () => {
    const path = await serve(async () => {
      throw new Error("no such op");
    });
    for (const id of ["1", "2"]) {
      expect(await ask(path, { id })).toEqual({ id, ok: false, error: { kind: "invalid", message: "no such op" } });
    }
  });

  test("what is no JSON object is answered too", async () => {
    const path = await serve(async () => ({ ok: true }));
    const reply = await new Promise<string>((resolve) => {
      const socket = connect(path, () => socket.write("nonsense\n"));
      socket.once("data", (chunk) => {
        resolve(chunk.toString());
        socket.destroy();
      });
    });
    expect(JSON.parse(reply)).toMatchObject({ ok: false, error: { kind: "invalid" } });
  });

  test("a slow answer holds up no other, and each finds its request", async () => {
    const path = await serve(async ({ wait }) => {
      await new Promise((resolve) => setTimeout(resolve, Number(wait)));
      return { waited: wait };
    });
    const order: unknown[] = [];
    await Promise.all([30, 1].map(async (wait) => order.push((await ask(path, { wait })).waited)));
    expect(order).toEqual([1, 30]);
  });

  test("has its mode, and takes the place of a socket that was left behind", async () => {
    const path = await serve(async () => ({}), 0o660);
    expect(statSync(path).mode & 0o777).toBe(0o660);
    open.splice(0)[0]?.close();
    expect(await serve(async () => ({ ok: true }))).toBe(path);
    expect(await ask(path, {})).toEqual({ ok: true });
  });

  test("nobody listening is a fault with the unit's name", async () => {
    const reply = await ask(join(folder, "none.sock"), {});
    expect(reply).toMatchObject({
      ok: false,
      error: { kind: "agent-down", message: expect.stringContaining("the unit") },
    });
  });
});

describe("the status page", () => {
  const status: SandboxStatus = {
    sandbox: "main",
    agentVersion: "2026.9.6",
    ready: false,
    startedAt: "2026-11-22T18:00:00.000Z",
  };

  test("health follows the agent, and nothing but GET is taken", async () => {
    let now = status;
    const server = await serveStatusPage(0, () => now);
    open.push(server);
    const { port } = server.address() as { port: number };
    const get = (path: string, method = "GET") => fetch(`http://127.0.0.1:${port}${path}`, { method });
    expect((await get("/healthz")).status).toBe(503);
    now = { ...status, ready: true, lastModel: "m" };
    expect((await get("/healthz")).status).toBe(200);
    expect(await (await get("/status.json")).json()).toEqual(now);
    expect((await get("/nothing")).status).toBe(404);
    expect((await get("/", "POST")).status).toBe(405);
    expect(await (await get("/")).text()).toContain("OpenClaw 2026.9.6");
  });

  test("a model's name is text, whatever is in it", () => {
    expect(page({ ...status, lastModel: "<script>alert(1)</script>" })).toContain("&lt;script&gt;");
  });

  test("a port that is taken is said", async () => {
    const server = await serveStatusPage(0, () => status);
    open.push(server);
    const { port } = server.address() as { port: number };
    await expect(serveStatusPage(port, () => status)).rejects.toThrow("status page: ");
  });
});
