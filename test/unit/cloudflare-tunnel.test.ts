import { describe, expect, test } from "vitest";
import { answersTurn } from "../../host/runtimes/turn-health.ts";
import { tunnelHealth } from "../../host/steps/cloudflare-tunnel.ts";
import { Dispatcher } from "../../provider/dispatch.ts";
import { cloudflareTunnelResource } from "../../provider/handlers/cloudflare-tunnel.ts";

const urn = "urn:pulumi:dev::nemoclaw::nemoclaw:host:CloudflareTunnel::tunnel";
const provider = new Dispatcher([cloudflareTunnelResource], () => {});
const machine = {
  id: "existing:box:22",
  address: "box",
  port: 22,
  user: "root",
  hostKeys: ["ssh-ed25519 AAAA"],
  arch: "amd64",
  gpu: "none",
  owner: { project: "p", stack: "s", installation: "i" },
};
const wanted = {
  machine,
  sandbox: "main",
  sandboxId: "x",
  kind: "quick",
  origin: { host: "127.0.0.1", port: 17872 },
  access: "public",
  reason: "a demo",
  running: true,
  enabled: true,
};

test("an upgrade of a tunnel is measured by its connection and by a turn of the agent behind it", () => {
  const [connected, turn, ...more] = tunnelHealth("main");
  expect(connected?.command.script).toContain("/ready");
  expect(turn).toEqual(answersTurn("main"));
  expect(more).toEqual([]);
});

describe("who a tunnel lets in stands on the resource", () => {
  test("and a resource that does not say so is refused", async () => {
    const { access: _, ...silent } = wanted;
    const { failures = [] } = await provider.check(urn, {}, silent);
    expect(failures.map(({ property }) => property)).toEqual(["access"]);
    expect((await provider.check(urn, {}, wanted)).failures).toBeUndefined();
  });

  test("a state from before it did is updated, and nothing is replaced", async () => {
    const { access: _, reason: __, ...before } = wanted;
    expect(await provider.diff("id", urn, before, wanted)).toMatchObject({ changes: true, replaces: [] });
    expect(await provider.diff("id", urn, wanted, wanted)).toMatchObject({ changes: false });
  });

  test("another reason is an update of this resource alone", async () => {
    const changed = { ...wanted, reason: "an open day" };
    expect(await provider.diff("id", urn, wanted, changed)).toMatchObject({ changes: true, replaces: [] });
  });
});
