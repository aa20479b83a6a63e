import { readFileSync } from "node:fs";
import http from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as embedded from "../../policies/embedded.ts";
import { loadPolicy } from "../../policies/load.ts";
import * as openshell from "../../policies/openshell.ts";
import { access, type Disk } from "../../services/sandbox-supervisor/filesystem.ts";
import { acceptable } from "../../stacks/settings/sections.ts";
import { inTunnel, type Reply, tunnel, viaProxy } from "../support/gate-clients.ts";
import { type GateWorld, portOf, type Served, serve, startWorld } from "../support/gate-world.ts";
import {
  type ParityRequest,
  parityCases,
  parityDifferences,
  parityNames,
  parityPaths,
  parityUnasked,
  said,
  type Verdict,
} from "../support/parity.ts";

/** The table that both runtimes agree about, asked of the egress gate; `openshell-parity.test.ts` asks the real OpenShell. */

let world: GateWorld;
let demo: Served;
const asked: string[] = [];

beforeAll(async () => {
  world = await startWorld();
  // Answers as the demo model does: no upgrade is taken, and no path is there.
  demo = await serve(
    http.createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      request.resume().once("end", () => response.writeHead(404, { "content-type": "application/json" }).end("{}"));
    }),
  );
  const leads = Object.fromEntries([8080, 8081, 10250].map((port) => [port, portOf(demo.server)]));
  for (const name of parityNames) world.place(name, ["10.1.2.3"], leads);
});

afterAll(async () => {
  await world.close();
  demo.server.close();
  for (const socket of demo.sockets) socket.destroy();
});

const upgradeFields = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "cGFyaXR5IHRhYmxlIGtleQ==",
};

async function ask(request: ParityRequest): Promise<Verdict | string> {
  const { method, host, port, path, connect, upgrade, hostField } = request;
  const before = asked.length;
  const authority = `${host}:${port}`;
  const headers = { ...(upgrade && upgradeFields), ...(hostField && { host: hostField }) };
  let reply: Pick<Reply, "status" | "text">;
  if (connect) {
    const { answer, socket } = await tunnel(world.gate.port, authority);
    if (/ 40[03] /.test(answer)) return "refused";
    reply = await inTunnel(socket, { host: authority, path, method, headers });
    socket.destroy();
  } else {
    reply = await viaProxy(world.gate.port, `http://${authority}${path}`, { method, headers });
  }
  if (asked.length > before) return "allowed";
  return /^40[03]$/.test(String(reply.status)) ? "refused" : `neither: ${reply.status} ${reply.text}`;
}

describe.each(parityCases)("what the egress gate says under the policy: $name", ({ policies, requests }) => {
  beforeAll(() => world.setPolicy(policies));

  test.each(requests.map((request) => [said(request), request] as const))("%s", async (_, request) => {
    expect(await ask(request)).toBe(request.verdict);
  });
});

describe("what differs", () => {
  const documented = [...readFileSync("docs/policies.md", "utf8").matchAll(/^\| `([a-z-]+)` \|/gm)].map(
    ([, name]) => name,
  );

  test.each(parityDifferences)("$accept: a preview for $refusedBy asks for it", ({ accept, refusedBy, policy }) => {
    const names = (found: readonly { accept: string }[]) => [...new Set(found.map((finding) => finding.accept))];
    const said = { embedded: names(embedded.unenforceable(policy)), openshell: names(openshell.unenforceable(policy)) };
    for (const runtime of ["embedded", "openshell"] as const) {
      if (refusedBy === runtime || refusedBy === "both") expect(said[runtime]).toContain(accept);
      else expect(said[runtime]).not.toContain(accept);
    }
    expect(acceptable).toContain(accept);
    expect(documented).toContain(accept);
  });

  const asking = parityDifferences.flatMap(({ policy, request }) => (request ? [{ policy, request }] : []));
  test.each(asking.map((row) => [said(row.request), row] as const))("%s", async (_, { policy, request }) => {
    world.setPolicy(policy.network_policies ?? {});
    expect(await ask(request)).toBe(request.embedded);
    expect(request.openshell).not.toBe(request.embedded);
  });

  test.each(parityUnasked)("$name: no preview asks about it", async ({ policies, request }) => {
    world.setPolicy(policies);
    expect(await ask(request)).toBe(request.embedded);
    expect(request.openshell).not.toBe(request.embedded);
    const policy = { version: 1 as const, filesystem_policy: { read_only: ["/proc"] }, network_policies: policies };
    expect([...embedded.unenforceable(policy), ...openshell.unenforceable(policy)]).toEqual([]);
  });

  test("what the table of requests has needs none of these names, but the one for a host that is to be refused", () => {
    for (const { policies } of parityCases) {
      const policy = { version: 1 as const, network_policies: policies };
      expect(openshell.unenforceable(policy).filter(({ accept }) => accept !== "private-addresses")).toEqual([]);
      const kernel = embedded.unenforceable(policy).filter(({ accept }) => accept !== "kernel-files");
      expect(kernel).toEqual([]);
    }
  });
});

describe("what the supervisor lets the agent write", () => {
  const folders = ["/usr/bin", "/lib", "/etc", "/var/log", "/var/tmp", "/tmp", "/sandbox", "/srv/read", "/srv/shared"];
  const disk: Disk = {
    real: (path) => (folders.some((folder) => folder === path || folder.startsWith(`${path}/`)) ? path : undefined),
    list: (parent) =>
      folders.filter((folder) => folder.startsWith(`${parent}/`)).map((folder) => folder.split("/")[2] ?? ""),
  };
  const file = "test/fixtures/policies/parity-files.yaml";
  const policy = loadPolicy({ presets: [], file }).policy.filesystem_policy ?? {};
  const state = "/var/lib/nemoclaw/main/agent";
  const hidden = ["/var/lib/nemoclaw", "/etc/nemoclaw"];
  const { allowWrite, denyWrite } = access({ policy, needs: [], state: [state], workspace: "/sandbox", hidden, disk });

  test.each(parityPaths)("$path is outside afterwards: $outside", ({ at, outside }) => {
    const within = (folder: string) => at.startsWith(`${folder}/`);
    const writable = allowWrite.some(within) && !denyWrite.some(within);
    // The unit has a /tmp of its own; what is written there is gone with the sandbox.
    expect(writable && !within("/tmp")).toBe(outside);
  });
});
