import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { HostError } from "../../host/errors.ts";
import type { Host } from "../../host/host.ts";
import { nothingToRemove } from "../../host/steps/nothing-to-remove.ts";
import { machineIdentity } from "../../provider/handlers/machine-identity.ts";
import { preflight } from "../../provider/handlers/preflight.ts";
import { hostHandler } from "../../provider/host-resource.ts";
import { someMachine } from "../support/some-machine.ts";

/** What an operator says of a machine that nobody here made: that it is gone. */
let connect: () => Promise<Host>;
vi.mock("../../host/pool.ts", async (original) => ({
  ...(await original<typeof import("../../host/pool.ts")>()),
  connectTo: () => connect(),
}));

const silent = () => {
  throw new HostError("unreachable", { summary: "10.0.0.9 does not answer", try: "check that it runs" });
};
const said: string[] = [];
const progress = { log: (line: string) => void said.push(line), signal: new AbortController().signal };
beforeEach(() => {
  said.length = 0;
  connect = async () => silent();
});
afterEach(() => vi.unstubAllEnvs());

const machine = { ...someMachine, id: "aws:i-1", address: "10.0.0.9" } as never;
const hostKey = { publicKey: "ssh-ed25519 AAAA", privateKey: "key" };
const thing = hostHandler<{ machine: never }, { machine: never }, unknown>({
  type: "nemoclaw:test:Thing",
  inputs: z.object({}),
  nameOn: () => "thing",
  step: () => nothingToRemove("it"),
  observe: (inputs) => inputs,
  removal: () => nothingToRemove("it"),
});

const looks = {
  "what stands on it is read": () => thing.read("x", { machine }, progress),
  "what stands on it is deleted": () => thing.delete("x", { machine }, progress),
  "its own keys are read": () => machineIdentity.read("x", { machine, hostKey, ready: true }, progress),
  "its preflight is read": () => preflight.read("x", { machine, fit: true }, progress),
};

describe.each(Object.entries(looks))("a machine that does not answer, when %s", (what, look) => {
  test.each(["aws:i-1", "existing:10.0.0.1:22, aws:i-1"])(
    "is gone where the operator says %s, and that is said",
    async (named) => {
      vi.stubEnv("NEMOCLAW_MACHINE_GONE", named);
      expect(await look()).toBe(what.endsWith("deleted") ? undefined : "gone");
      expect(said).toEqual([
        "its machine aws:i-1 does not answer and is gone, as NEMOCLAW_MACHINE_GONE says, and this with it",
      ]);
    },
  );

  test.each(["", "aws:i-2", "aws:i-11", "10.0.0.9", "*"])(
    "fails where the operator says %j, with what to say",
    async (named) => {
      vi.stubEnv("NEMOCLAW_MACHINE_GONE", named);
      await expect(look()).rejects.toMatchObject({
        kind: "unreachable",
        message: `10.0.0.9 does not answer
  try   check that it runs
        where the machine is gone for good, run the same again with NEMOCLAW_MACHINE_GONE=aws:i-1`,
      });
      expect(said).toEqual([]);
    },
  );

  test.each(["host-key", "auth", "cancelled", "locked"] as const)(
    "is not taken for gone where the fault is %s",
    async (kind) => {
      vi.stubEnv("NEMOCLAW_MACHINE_GONE", "aws:i-1");
      connect = async () => {
        throw new HostError(kind, { summary: "not this one" });
      };
      await expect(look()).rejects.toMatchObject({ kind, message: "not this one" });
    },
  );

  test("is not taken for gone where it answered first", async () => {
    vi.stubEnv("NEMOCLAW_MACHINE_GONE", "aws:i-1");
    connect = async () => ({ machine, look: async () => silent() }) as unknown as Host;
    await expect(look()).rejects.toMatchObject({ message: "10.0.0.9 does not answer\n  try   check that it runs" });
  });
});

test("an update of a machine that is said to be gone fails as any other", async () => {
  vi.stubEnv("NEMOCLAW_MACHINE_GONE", "aws:i-1");
  await expect(thing.update("x", { machine }, { machine }, progress)).rejects.toThrow(/does not answer/);
  await expect(thing.create({ machine }, progress)).rejects.toThrow(/does not answer/);
});
