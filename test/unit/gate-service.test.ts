import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "../../services/build.ts";
import { eventually, viaProxy } from "../support/gate-clients.ts";
import { portOf } from "../support/gate-world.ts";

let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gate-service-"));
  chmodSync(folder, 0o755);
  for (const name of ["egress-gate", "inference-route"]) {
    writeFileSync(join(folder, `${name}.mjs`), (await bundle(`services/${name}/main.ts`)).text);
  }
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});
afterAll(() => rmSync(folder, { recursive: true }));

function start(program: string, args: string[], env: Record<string, string> = {}) {
  const { PATH = "" } = process.env;
  const child = spawn(process.execPath, [join(folder, `${program}.mjs`), ...args], { env: { PATH, ...env } });
  children.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  return {
    child,
    output: () => output,
    lines: () =>
      output
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function path(name: string): string {
  return join(folder, name);
}

async function startGate(...more: string[]) {
  const port = await freePort();
  const files = ["--policy", path("policy.json"), "--route", path("route.sock"), "--status", path("gate.json")];
  const authority = ["--ca-dir", path("ca"), "--ca-cert", path("ca.crt")];
  const gate = start("egress-gate", ["--sandbox", "main", "--port", String(port), ...files, ...authority, ...more]);
  await eventually("the gate listens", () => gate.output().includes('"listening"'));
  return { ...gate, port };
}

describe("a bundle", () => {
  test("is the same each time, and names no folder of the machine that made it", async () => {
    const [one, two] = [await bundle("services/egress-gate/main.ts"), await bundle("services/egress-gate/main.ts")];
    expect(one.sha256).toBe(two.sha256);
    expect(one.text).not.toContain(process.cwd());
  });

  test("leaves out what is external", async () => {
    const { text } = await bundle("services/egress-gate/main.ts", { external: ["zod"] });
    expect(text).toContain('from "zod"');
  });
});

describe("the gate as a process", () => {
  test("denies all but the route while there is no policy, and takes one at SIGHUP", async () => {
    rmSync(path("policy.json"), { force: true });
    const gate = await startGate();
    const ask = async () => (await viaProxy(gate.port, "http://127.0.0.2:9/")).body.reason;
    expect(await ask()).toMatch(/no endpoint of the policy names/);
    expect(JSON.parse(readFileSync(path("gate.json"), "utf8")).error).toMatch(/ENOENT/);
    const policy = { version: 1, network_policies: { a: { endpoints: [{ host: "127.0.0.2", port: 9 }] } } };
    writeFileSync(path("policy.json"), JSON.stringify(policy));
    gate.child.kill("SIGHUP");
    await eventually("the policy is in force", () => gate.output().includes('"policySha256"'));
    expect(await ask()).toMatch(/belongs to this machine/);
    gate.child.kill("SIGTERM");
    await eventually("it ends", () => gate.child.exitCode === 0);
    expect(gate.lines().every((line) => typeof line.t === "string" && typeof line.event === "string")).toBe(true);
  });

  test("keeps its authority over a restart", async () => {
    const before = await startGate();
    const certificate = readFileSync(path("ca.crt"), "utf8");
    before.child.kill("SIGTERM");
    await eventually("it ends", () => before.child.exitCode === 0);
    await startGate();
    expect(readFileSync(path("ca.crt"), "utf8")).toBe(certificate);
  });

  test.each([
    ["without its arguments", ["--sandbox", "main"], /--policy is missing/],
    ["with an unknown one", ["--sandbox", "main", "--polizy", "x"], /polizy/],
    ["for a user who is not there", ["--allow-uid", "nobody-of-that-name"], /no such user/],
  ])("does not start %s", async (_what, args, said) => {
    const whole = /allow/.test(args[0] ?? "")
      ? [
          "--sandbox",
          "m",
          "--policy",
          "p",
          "--port",
          "0",
          "--route",
          "r",
          "--status",
          path("s"),
          "--ca-dir",
          path("c"),
          "--ca-cert",
          path("d"),
          ...args,
        ]
      : args;
    const { child, output } = start("egress-gate", whole);
    await eventually("it ends", () => child.exitCode !== null);
    expect(child.exitCode).toBe(1);
    expect(output()).toMatch(said);
  });

  test("serves one user and refuses another", async ({ skip }) => {
    skip(process.getuid?.() !== 0, "only root can connect as several users");
    skip(!existsSync("/usr/bin/curl"), "there is no /usr/bin/curl");
    const gate = await startGate("--allow-uid", "65534");
    const as = async (uid: number) => {
      const url = "http://nowhere.test/";
      const args = ["-s", "-m", "8", "-x", `http://127.0.0.1:${gate.port}`, url];
      const child = spawn("/usr/bin/curl", args, { uid, gid: uid });
      children.push(child);
      let text = "";
      child.stdout.on("data", (chunk) => (text += chunk));
      await eventually("curl ends", () => child.exitCode !== null);
      return JSON.parse(text).reason;
    };
    expect(await as(65534)).toMatch(/no endpoint of the policy names nowhere\.test/);
    expect(await as(1234)).toBe("user id 1234 may not use this proxy");
    expect(await as(0)).toBe("user id 0 may not use this proxy");
  });
});

describe("the route as a process", () => {
  test("reads its key from the credentials folder, reloads at SIGHUP and shows neither anywhere", async () => {
    const secret = "sk-process-secret";
    writeFileSync(path("inference-key"), secret);
    writeFileSync(path("route.json"), JSON.stringify({ baseUrl: "http://127.0.0.1:9/v1", model: "one" }));
    const args = [
      "--config",
      path("route.json"),
      "--socket",
      path("route.sock"),
      "--status",
      path("route-status.json"),
    ];
    const route = start("inference-route", args, { CREDENTIALS_DIRECTORY: folder });
    await eventually("the route listens", () => route.output().includes('"listening"'));
    const status = () => JSON.parse(readFileSync(path("route-status.json"), "utf8"));
    expect(status()).toMatchObject({ model: "one", keyPresent: true });
    writeFileSync(path("route.json"), JSON.stringify({ baseUrl: "http://127.0.0.1:9/v1", model: "two" }));
    route.child.kill("SIGHUP");
    await eventually("the new model is in force", () => status().model === "two");

    const gate = await startGate();
    expect((await viaProxy(gate.port, "http://inference.local/v1/models")).body.data[0].id).toBe("two");
    route.child.kill("SIGTERM");
    await eventually("it ends", () => route.child.exitCode === 0);
    expect(route.output() + gate.output() + JSON.stringify(status())).not.toContain(secret);
  });
});
