import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { AnyHandler } from "../../provider/handler.ts";
import { bridgeFacts } from "../../scripts/bridge-facts.ts";
import { driftIn, goneIn, type Looked } from "../../scripts/drift-look.ts";
import { machineFacts, unitsFacts } from "../../scripts/machine-facts.ts";
import type { SandboxStatus } from "../../scripts/sandbox-status.ts";
import { noSandbox } from "../../scripts/stack-command.ts";
import type { StateResource } from "../../scripts/stack-state.ts";
import { statusScreen } from "../../scripts/status-screen.ts";
import { outdated, versionsIn } from "../../scripts/version-look.ts";

const mark = { by: "anna@laptop", since: "2026-11-22T21:04:05.000Z" };

const unknownInputs = z.object(
  Object.fromEntries(
    ["running", "token", "key", "chats", "model", "same", "apiRoot"].map((name) => [name, z.unknown()]),
  ),
);

function looked(inputs: Record<string, unknown>, observed: Looked["observed"], fill?: AnyHandler["fill"]): Looked {
  const urn = "urn:pulumi:dev::nemoclaw::nemoclaw:host:TelegramBridge::telegram";
  const resource = { urn, type: "nemoclaw:host:TelegramBridge", id: "x", inputs, outputs: inputs };
  return { resource, observed, handler: { fill, inputs: unknownInputs } as unknown as AnyHandler };
}

describe("drift", () => {
  test("is what differs from the state, by name; no secret and no long value is shown", () => {
    const inputs = { running: true, token: "s3cret", chats: [1], model: "a", same: { b: 1 } };
    const found = {
      running: false,
      token: "differs on the machine",
      chats: [1, 2],
      model: "b",
      same: { b: 1 },
      more: 1,
    };
    expect(driftIn([looked(inputs, found)])).toEqual([
      { resource: "telegram", changes: ["running: true => false", "token", "chats", "model: a => b"] },
    ]);
  });

  test("is a secret, too, that a refresh has taken into the state since the last update", () => {
    const there = { running: true, token: "differs on the machine", key: "k", driftedSecrets: ["token"] };
    const refreshed = (observed: object) => {
      const one = looked({ running: true, token: "differs on the machine", key: "k" }, { ...there, ...observed });
      return { ...one, resource: { ...one.resource, outputs: there } };
    };
    expect(driftIn([refreshed({})])).toEqual([{ resource: "telegram", changes: ["token"] }]);
    expect(driftIn([refreshed({ running: false, token: "another" })])).toEqual([
      { resource: "telegram", changes: ["running: true => false", "token"] },
    ]);
  });

  test("is what a refresh has taken into the state, until it is again as the last update left it", () => {
    const inputs = { model: "b", chats: [1, 2], apiRoot: "http://other", running: true };
    const outputs = { ...inputs, leftByUpdate: { values: { model: "a", chats: [1] }, absent: ["apiRoot"] } };
    const refreshed = (observed: object) => {
      const one = looked(inputs, { ...inputs, ...observed });
      return { ...one, resource: { ...one.resource, outputs } };
    };
    expect(driftIn([refreshed({})])).toEqual([
      { resource: "telegram", changes: ["model: a => b", "chats", "apiRoot"] },
    ]);
    expect(driftIn([refreshed({ model: "a", chats: [1], apiRoot: undefined })])).toEqual([]);
    expect(driftIn([refreshed({ model: "c", chats: [1], apiRoot: undefined, running: false })])).toEqual([
      { resource: "telegram", changes: ["model: a => c", "running: true => false"] },
    ]);
  });

  test("is also what was added on the machine", () => {
    expect(driftIn([looked({ model: "a" }, { model: "a", apiRoot: "http://other", more: 1 })])).toEqual([
      { resource: "telegram", changes: ["apiRoot"] },
    ]);
  });

  test("what is gone is said, and what was stopped on purpose is none", () => {
    expect(driftIn([looked({ running: true }, undefined)])).toEqual([
      { resource: "telegram", changes: ["it is gone"] },
    ]);
    expect(driftIn([looked({ running: true }, { running: false, stopped: mark })])).toEqual([]);
  });

  describe("is what a refresh has found gone since the last update", () => {
    const resource = (type: string, name: string, outputs = {}): StateResource => {
      return { urn: `urn:pulumi:dev::nemoclaw::${type}::${name}`, type, inputs: {}, outputs };
    };
    const state = (leftByUpdate: string, ...names: string[]) => {
      const stack = resource("pulumi:pulumi:Stack", "nemoclaw-dev", { leftByUpdate });
      return { resources: [stack, ...names.map((name) => resource("nemoclaw:host:Any", name))] };
    };
    const left = "machine-ssh-2001:db8::/48, main-sandbox, telegram";

    test("by its name, until it is there again or an update has left it out", () => {
      expect(goneIn(state(left, "machine-ssh-2001:db8::/48", "main-sandbox"))).toEqual([
        { resource: "telegram", changes: ["it is gone"] },
      ]);
      expect(goneIn(state(left, "telegram", "main-sandbox", "machine-ssh-2001:db8::/48"))).toEqual([]);
      expect(goneIn(state("main-sandbox", "main-sandbox"))).toEqual([]);
    });

    test("of a stack that does not say what its last update left, nothing", () => {
      const { resources } = state("", "main-sandbox");
      expect(goneIn({ resources })).toEqual([]);
      expect(goneIn({ resources: resources.slice(1) })).toEqual([]);
    });

    test("and where that is the sandbox, nobody says that it was never made", () => {
      expect(noSandbox("dev", state(left, "machine-ssh-2001:db8::/48")).message).toBe(
        "Stack dev has no sandbox any more; gone since the last update: main-sandbox, telegram.\n  try   scripts/pulumi up -s dev",
      );
      expect(noSandbox("dev", { resources: [] }).message).toMatch(/has no sandbox yet\./);
      expect(noSandbox("dev", undefined).message).toMatch(/has no sandbox here\./);
    });
  });
});

test("versions stand beside what this clone would install, and a build by its unit's digest", async () => {
  const fill = (inputs: object) => ({ ...inputs, versions: { node: "24.2", npm: "11" }, definition: "new" });
  const rows = await versionsIn([looked({}, { versions: { node: "24.1", npm: "11" }, definition: "new" }, fill)]);
  expect(rows).toEqual([
    { name: "node", installed: "24.1", pinned: "24.2" },
    { name: "npm", installed: "11", pinned: "11" },
    { name: "TelegramBridge", installed: "new", pinned: "new" },
  ]);
  expect(outdated(rows).map(({ name }) => name)).toEqual(["node"]);
});

describe("what is asked of a machine", () => {
  test("how it is doing", () => {
    const stdout = "93784\n0.42\n2\n16000000000\n8000000000\n  50000000000 20000000000\n";
    expect(machineFacts.parse({ stdout, exitCode: 0 })).toEqual({
      upSeconds: 93784,
      load: 0.42,
      cpus: 2,
      memoryBytes: 16e9,
      memoryFreeBytes: 8e9,
      diskBytes: 50e9,
      diskFreeBytes: 20e9,
    });
  });

  test("each unit, in order, also one that is not there", () => {
    const { parse } = unitsFacts(["a.service", "b.service"]);
    const stdout =
      "NRestarts=3\nActiveState=active\nSubState=running\nStateChangeTimestamp=Sun\n\nNRestarts=0\nActiveState=inactive\nSubState=dead\nStateChangeTimestamp=\n\n";
    expect(parse({ stdout, exitCode: 0 })).toEqual([
      { unit: "a.service", state: "active/running", since: "Sun", restarts: 3 },
      { unit: "b.service", state: "inactive/dead", since: "", restarts: 0 },
    ]);
  });
});

describe("what a bridge says of itself", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "nemoclaw-status-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const asked = (content?: string) => {
    const path = join(folder, "main-bridge.json");
    if (content !== undefined) writeFileSync(path, content);
    const { script, parse } = bridgeFacts(path);
    const { stdout, status } = spawnSync("sh", ["-c", script], { encoding: "utf8" });
    return parse({ stdout, exitCode: status ?? 1 });
  };

  test("is read with the age of its last poll", () => {
    const lastPollAt = new Date(Date.now() - 500_000).toISOString();
    const { secondsSincePoll, ...said } = asked(JSON.stringify({ bot: "b", lastPollAt, queue: 2 }));
    expect(said).toEqual({ bot: "b", lastPollAt, queue: 2 });
    expect(secondsSincePoll).toBeGreaterThanOrEqual(499);
    expect(secondsSincePoll).toBeLessThan(530);
    expect(asked('{"queue":0}')).toEqual({ queue: 0 });
  });

  test("is not known where there is no file, or half of one", () => {
    expect(asked()).toEqual({ unreadable: `there is no ${folder}/main-bridge.json on the machine` });
    expect(asked('{"queue":')).toEqual({ unreadable: "the file on the machine is not JSON" });
  });
});

describe("the screen", () => {
  const status: SandboxStatus = {
    lookedAt: "2026-11-22T22:00:00.000Z",
    demo: false,
    machine: {
      ...{ id: "local:1", address: "10.0.0.4", port: 22, upSeconds: 93784, load: 0.4, cpus: 2 },
      ...{ memoryBytes: 16e9, memoryFreeBytes: 8e9, diskBytes: 50e9, diskFreeBytes: 2e9 },
    },
    runtime: "embedded",
    phase: "ready",
    enforced: true,
    gaps: [{ accept: "binaries", path: "network_policies.github", message: "m" }],
    units: [{ unit: "nemoclaw-sandbox@main.service", state: "active/running", since: "Sun", restarts: 0 }],
    agent: { ready: true, version: "2026.9.6", pid: 7 },
    model: { configured: "m", inForce: "m" },
    policy: { file: "abcdef0123456789", inForce: "abcdef0123456789" },
    bridge: { bot: "b", lastPollAt: "t", queue: 1, answered: 2 },
    tunnel: { ready: true, url: "https://agent.example.com" },
    versions: [{ name: "node", installed: "24.1", pinned: "24.1" }],
    drift: [],
    stateChangedAt: "2026-11-22T20:00:00.000Z",
    faults: [],
  };

  test("has all of it on a line each", () => {
    expect(statusScreen("dev", status).split("\n")).toEqual([
      "stack           dev",
      "machine         10.0.0.4:22   up 1 d 2 h   load 0.4 on 2 CPUs   memory 8.0 of 16 GB free   disk 2.0 of 50 GB free",
      "runtime         embedded",
      "sandbox         ready   OpenClaw 2026.9.6, process 7",
      "  sandbox@main  active/running   since Sun",
      "enforced        yes, as tried inside when it was made; not by this runtime, and accepted: binaries",
      "model           m",
      "policy          abcdef012345, in force",
      "telegram        bot b, last poll t, 1 waiting, 2 answered",
      "tunnel          connected   https://agent.example.com",
      "versions        as this clone pins them   node 24.1",
      "drift           none   looked at 2026-11-22T22:00:00.000Z, against the state of 2026-11-22T20:00:00.000Z",
      "all well",
    ]);
  });

  test("says plainly that it is stopped, by whom and since when", () => {
    const screen = statusScreen("dev", { ...status, phase: "stopped", stopped: mark, agent: undefined });
    expect(screen).toContain("sandbox         stopped on purpose by anna@laptop since 2026-11-22T21:04:05.000Z");
    expect(screen).toMatch(/stopped; up again: scripts\/start -s dev$/);
    expect(screen).not.toMatch(/FAULT|all well/);
  });

  test("calls none stopped of which nobody knows whether it runs", () => {
    const unknown = { phase: "unknown", stopped: mark, agent: undefined } as const;
    const screen = statusScreen("dev", { ...status, ...unknown });
    expect(screen).toMatch(/^sandbox +NOT KNOWN whether it runs; to be stopped on purpose by anna@laptop since /m);
    expect(screen).not.toContain("\nstopped; up again");
  });

  test("says of one that is stopped and runs all the same that it runs", () => {
    const running = {
      phase: "running",
      stopped: mark,
      agent: undefined,
      faults: [{ found: "it runs", try: "x" }],
    } as const;
    const screen = statusScreen("dev", { ...status, ...running });
    expect(screen).toMatch(/^sandbox +RUNS; to be stopped on purpose by anna@laptop since /m);
  });

  test("vouches for no versions that nobody looked at", () => {
    expect(statusScreen("dev", { ...status, versions: [] })).toMatch(
      /^versions +not known: nothing that has one was found$/m,
    );
  });

  test("keeps the bridge's row when nothing is known of it", () => {
    const screen = statusScreen("dev", { ...status, bridge: { unreadable: "it is gone" } });
    expect(screen).toMatch(/^telegram +not known: it is gone$/m);
  });

  test("shows what is wrong with one that is stopped, too", () => {
    const faults = [{ found: "the agent answers", try: "scripts/stop" }];
    const screen = statusScreen("dev", { ...status, phase: "stopped", stopped: mark, faults });
    expect(screen).toMatch(
      /\nsandbox +stopped on purpose by [\s\S]*\nFAULT {2}the agent answers\n {2}try {2}scripts\/stop$/,
    );
  });

  test("shows what is wrong, and what waits for a person", () => {
    const screen = statusScreen("dev", {
      ...status,
      phase: "down",
      agent: undefined,
      enforced: [{ accept: "enforcement", path: "filesystem_policy.read_only /usr", message: "took a write" }],
      model: { configured: "m" },
      policy: { file: "abcdef0123456789", inForce: "other" },
      tunnel: { ready: false },
      versions: [{ name: "node", installed: "24.0", pinned: "24.1" }],
      approvals: [{ id: "1", asks: "curl to example.com:443" }],
      drift: [{ resource: "telegram", changes: ["running: true => false"] }],
      faults: [{ found: "the agent does not answer", try: "scripts/logs agent" }],
    });
    for (const text of [
      "DOWN: nothing answers for it",
      "NOT: filesystem_policy.read_only /usr",
      "none in force; configured m",
      "abcdef012345, NOT in force",
      "NOT connected",
      "NOT as this clone pins them: node 24.0, pinned 24.1",
      "approvals       curl to example.com:443",
      "1, see below",
      "FAULT  the agent does not answer\n  try  scripts/logs agent",
    ]) {
      expect(screen).toContain(text);
    }
  });

  test("says that nothing waits for a person only where somebody has said so", () => {
    const unreadable = "OpenShell's gateway does not tell: Error: transport error\n  connection refused";
    const row = (approvals: SandboxStatus["approvals"]) =>
      /^approvals +(.*)$/m.exec(statusScreen("dev", { ...status, approvals }))?.[1];
    expect(row([])).toBe("none wait");
    expect(row({ unreadable })).toBe("not known: OpenShell's gateway does not tell: Error: transport error");
    expect(row(undefined)).toBeUndefined();
  });
});
