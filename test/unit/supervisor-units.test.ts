import { describe, expect, test } from "vitest";
import {
  egressGateUnit,
  inferenceRouteUnit,
  journalSettings,
  sandboxUnit,
} from "../../services/sandbox-supervisor/units.ts";

const node = "/opt/nemoclaw/node/current/bin/node";
const at = { sandbox: "main", node, bundle: "/opt/nemoclaw/supervisor/1/x.mjs" };
const limits = { memory: "2G", cpus: 1.5, pids: 512 };
const sandbox = (more: object = {}) => sandboxUnit({ ...at, limits, writable: ["/sandbox", "/tmp"], ...more });
const route = (key: boolean) => inferenceRouteUnit({ ...at, key });
const gate = () => egressGateUnit({ ...at, port: 17871 });

describe("the units", () => {
  test("limits are what systemd is told", () => {
    expect(sandbox().split("\n")).toEqual(
      expect.arrayContaining(["MemoryMax=2G", "MemorySwapMax=0", "CPUQuota=150%", "TasksMax=512"]),
    );
  });

  test("the agent's heap is a quarter of its memory, and never below what it needs", () => {
    expect(sandbox({ limits: { ...limits, memory: "8G" } })).toContain("--heap 2048\n");
    expect(sandbox({ limits: { ...limits, memory: "1500M" } })).toContain("--heap 512\n");
  });

  test("a policy's own writable paths are writable in the unit too", () => {
    const text = sandbox({ writable: ["/sandbox", "/tmp", "/dev/null", "/srv/data"] });
    expect(text.match(/^ReadWritePaths=.*$/gm)).toEqual(['ReadWritePaths="-/srv/data"']);
  });

  test("a path of any characters is one path", () => {
    const text = sandbox({ writable: ['/srv/a "b" $HOME 100% \\ ä'] });
    expect(text).toContain('\nReadWritePaths="-/srv/a \\"b\\" $HOME 100%% \\\\ ä"\n');
  });

  test("nothing covers a part of /proc, or bubblewrap could not mount its own", () => {
    for (const line of ["ProtectKernelTunables", "ProtectKernelLogs", "ProtectProc", "ProtectHostname", "ProcSubset"]) {
      expect(sandbox()).not.toMatch(new RegExp(`^${line}=`, "m"));
    }
    expect(sandbox()).not.toMatch(/^RestrictNamespaces=/m);
  });

  test("each runs as a user of its own", () => {
    const users = [sandbox(), gate(), route(true)].map((text) => /^User=(.*)$/m.exec(text)?.[1]);
    expect(users).toEqual(["nemoclaw-sandbox", "nemoclaw-gate", "nemoclaw-route"]);
  });

  test("the key is a credential of the route alone, and only where there is one", () => {
    const line = "LoadCredential=inference-key:/etc/nemoclaw/credentials/nemoclaw-route@main.inference-key";
    expect(route(true)).toContain(line);
    for (const text of [route(false), sandbox(), gate()]) expect(text).not.toContain("LoadCredential");
  });

  test("the gate serves the sandbox's user alone", () => {
    expect(gate()).toMatch(/^ExecStart=.* --allow-uid nemoclaw-sandbox$/m);
  });

  test.each([
    () => sandbox({ sandbox: "a b" }),
    () => sandbox({ node: "/opt/node\nExecStartPost=/bin/sh" }),
    () => sandbox({ writable: ["/srv/a\nUser=root"] }),
    () => sandbox({ limits: { ...limits, memory: "2G\nUser=root" } }),
    () => sandbox({ limits: { ...limits, memory: "lots" } }),
    () => journalSettings("1G\nStorage=none"),
  ])("a value that could change the meaning of a line is refused: %#", (make) => {
    expect(make).toThrow(/^not a/);
  });
});
