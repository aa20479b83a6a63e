import { describe, expect, test } from "vitest";
import { z } from "zod";
import { HostError } from "../../host/errors.ts";
import { Dispatcher } from "../../provider/dispatch.ts";
import { PartlyMade } from "../../provider/half-made.ts";
import type { AnyHandler } from "../../provider/handler.ts";
import { handlers } from "../../provider/handlers/index.ts";
import { sshKeyPair } from "../../provider/handlers/ssh-key-pair.ts";

const secret = (value: unknown) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  value,
});
const urn = (type: string) => `urn:pulumi:dev::nemoclaw::nemoclaw:index:SandboxHost$${type}::thing`;

/** A thing kept in memory, standing in for one on a machine. */
function thing(over: Partial<AnyHandler> = {}): AnyHandler {
  return {
    type: "nemoclaw:test:Thing",
    inputs: z.strictObject({ name: z.string(), token: z.string().optional(), release: z.string().optional() }),
    replaceOn: [["name"]],
    idOf: ({ name }) => `thing/${name}`,
    fill: (inputs) => ({ ...inputs, release: "r1" }),
    create: async (inputs) => ({ id: `thing/${inputs.name}`, state: inputs }),
    read: async (_id, state) => state,
    update: async (_id, inputs) => inputs,
    delete: async () => {},
    ...over,
  };
}

const dispatch = (handler: AnyHandler) => new Dispatcher([handler], () => {});
const at = urn("nemoclaw:test:Thing");

describe("the dispatcher", () => {
  test("fills in what only the plugin knows, and keeps secrets wrapped on the way", async () => {
    const { inputs } = await dispatch(thing()).check(at, {}, { name: "a", token: secret("t") });
    expect(inputs).toEqual({ name: "a", token: secret("t"), release: "r1" });
  });

  test("a handler sees plain values, the state gets them wrapped again", async () => {
    let seen: unknown;
    const handler = thing({
      create: async (inputs) => {
        seen = inputs;
        return { id: "x", state: { ...inputs, extra: 1 } };
      },
    });
    const { outs } = await dispatch(handler).create(at, { name: "a", token: secret("t") });
    expect(seen).toEqual({ name: "a", token: "t" });
    expect(outs).toEqual({ name: "a", token: secret("t"), extra: 1 });
  });

  test("what was read and has no value is left out everywhere, since the wire has no form for it", async () => {
    const nested = { deep: undefined, list: [{ also: undefined }] };
    const handler = thing({
      read: async (_id, state) => ({ ...state, token: undefined, name: nested, seen: undefined }),
    });
    const { props, inputs } = await dispatch(handler).read("x", at, { name: { list: [{}] } });
    for (const each of [props, inputs]) expect(each).toStrictEqual({ name: { list: [{}] } });
  });

  test("what was read is both properties and inputs, so that drift shows under the inputs' names", async () => {
    const handler = thing({ read: async (_id, state) => ({ ...state, name: "drifted", seen: true }) });
    const { props, inputs } = await dispatch(handler).read("x", at, { name: "a", token: secret("t") });
    const left = { leftByUpdate: { values: { name: "a" } } };
    expect(props).toEqual({ name: "drifted", token: secret("t"), seen: true, ...left });
    expect(inputs).toEqual({ name: "drifted", token: secret("t") });
  });

  test("a secret that was found to be another one is named, until an update has put it back", async () => {
    const other = thing({ read: async (_id, state) => ({ ...state, token: "differs on the machine" }) });
    const recorded = { name: "a", token: secret("t") };
    const { props } = await dispatch(other).read("x", at, recorded);
    expect(props).toEqual({ name: "a", token: secret("differs on the machine"), driftedSecrets: ["token"] });
    const again = await dispatch(other).read("x", at, props as typeof recorded);
    expect(again.props).toEqual(props);
    const { outs } = await dispatch(other).update("x", at, props as typeof recorded, recorded);
    expect(outs).toEqual(recorded);
    expect((await dispatch(thing()).read("x", at, recorded)).props).toEqual(recorded);
  });

  describe("what the last update left", () => {
    type Bag = Record<string, unknown>;
    const finding = (found: Bag) => dispatch(thing({ read: async (_id, state) => ({ ...state, ...found }) }));
    const read = async (state: Bag | undefined, found: Bag) =>
      (await finding(found).read("x", at, state as Bag)).props as Bag;
    const recorded = { name: "a", token: secret("t"), seen: 1 };

    test("is kept where something else was found, over every look until it is so again", async () => {
      const first = await read(recorded, { name: "b", release: "r2", seen: 2 });
      const kept = { values: { name: "a" }, absent: ["release"] };
      expect(first).toEqual({ ...recorded, name: "b", release: "r2", seen: 2, leftByUpdate: kept });
      expect(await read(first, {})).toEqual(first);
      expect((await read(first, { name: "c" })).leftByUpdate).toEqual(kept);
      const half = await read(first, { name: "a" });
      expect(half.leftByUpdate).toEqual({ absent: ["release"] });
      expect(await read(half, { release: undefined, seen: 1 })).toEqual(recorded);
    });

    test("keeps no secret: of a value that has one inside, the rest, and it stays wrapped", async () => {
      const state = { name: { host: "h", key: secret("k") }, token: secret("t") };
      const found = { name: { host: "other", key: "k2" }, token: "t2" };
      const props = await read(state, found);
      expect(props.leftByUpdate).toEqual({ values: { name: { host: "h", key: secret("k2") } } });
      expect(props.driftedSecrets).toEqual(["name.key", "token"]);
      expect(await read(props, found)).toEqual(props);
      expect((await read(state, { name: { host: "h", key: "k2" } })).leftByUpdate).toBeUndefined();
    });

    test("is not what a service does that is stopped on purpose, or was", async () => {
      const inputs = z.strictObject({ name: z.string(), running: z.boolean() });
      const service = (found: Bag) => thing({ inputs, read: async (_id, state) => ({ ...state, ...found }) });
      const [runs, stopped] = [
        { name: "a", running: true, stopped: "no" },
        { name: "a", running: false, stopped: { by: "anna", since: "today" } },
      ];
      expect((await dispatch(service(stopped)).read("x", at, runs)).props).toEqual(stopped);
      expect((await dispatch(service(runs)).read("x", at, stopped)).props).toEqual(runs);
      const crashed = { ...runs, running: false };
      expect((await dispatch(service(crashed)).read("x", at, stopped)).props).toEqual({
        ...crashed,
        leftByUpdate: { values: { running: true } },
      });
    });

    test("is no difference of its own, and reaches no handler", async () => {
      const seen: unknown[] = [];
      const handler = thing({
        read: async (_id, state) => {
          seen.push(state);
          return state;
        },
        update: async (_id, inputs, state) => {
          seen.push(state);
          return { ...state, ...inputs };
        },
      });
      const state = { ...recorded, name: "b", leftByUpdate: { values: { name: "a" } } };
      await dispatch(handler).read("x", at, state);
      const { outs } = await dispatch(handler).update("x", at, state, recorded);
      expect(outs).toEqual(recorded);
      expect(seen).toEqual([
        { name: "b", token: "t", seen: 1 },
        { name: "b", token: "t", seen: 1 },
      ]);
      const wanted = { name: "a", token: secret("t") };
      const back = await dispatch(thing({ replaceOn: [] })).compare(at, wanted, state, wanted);
      expect(back.changed).toEqual(["name"]);
    });

    test("is a change, too, where the code wants by now what was found: the update that says so ends it", async () => {
      const state = { ...recorded, name: "b", leftByUpdate: { values: { name: "a" } } };
      const wanted = { name: "b", token: secret("t") };
      const { changes, changed, replaces, detail } = await dispatch(thing()).compare(at, wanted, state, wanted);
      expect({ changes, changed, replaces }).toEqual({ changes: true, changed: ["name"], replaces: [] });
      expect(detail).toEqual({ name: { kind: "update", replaces: false, input: false } });
      expect((await dispatch(thing()).update("x", at, state, wanted)).outs).toEqual(wanted);
    });

    test("goes with an update that failed, whose wants the state then has", async () => {
      const broken = thing({
        update: async () => {
          throw new HostError("command", { summary: "it failed" });
        },
      });
      const state = { ...recorded, name: "b", leftByUpdate: { values: { name: "a" } } };
      const failed = await dispatch(broken)
        .update("x", at, state, { name: "c", token: secret("t") })
        .catch((error) => error);
      expect(failed).toMatchObject({ properties: { ...recorded, name: "c" } });
      expect(failed.properties).not.toHaveProperty("leftByUpdate");
    });
  });

  test("gone is said by an empty id", async () => {
    expect(await dispatch(thing({ read: async () => "gone" })).read("x", at, {})).toMatchObject({ id: "" });
  });

  test("a failure after the machine was touched is kept in state under the id it will have; one before is not", async () => {
    const failing = (kind: "command" | "host-key") =>
      dispatch(
        thing({
          create: async () => {
            throw new HostError(kind, { summary: "it failed" });
          },
        }),
      ).create(at, { name: "a", token: secret("t") });
    await expect(failing("command")).rejects.toMatchObject({
      id: "thing/a",
      properties: { name: "a", token: secret("t") },
      reasons: ["it failed"],
    });
    const before = await failing("host-key").catch((error: unknown) => error);
    expect(before).toBeInstanceOf(HostError);
    expect(before).not.toHaveProperty("id");
  });

  test("what was seen to be done before a failure goes into state with it", async () => {
    const handler = thing({
      create: async () => {
        throw new PartlyMade(new HostError("unreachable", { summary: "it rebooted" }), { hostKeys: ["final"] });
      },
    });
    await expect(dispatch(handler).create(at, { name: "a" })).rejects.toMatchObject({
      id: "thing/a",
      properties: { name: "a", hostKeys: ["final"] },
      reasons: ["it rebooted"],
    });
  });

  test("an unknown type names those there are", async () => {
    await expect(dispatch(thing()).diff("x", urn("nemoclaw:host:Nope"), {}, {})).rejects.toThrow(
      /nemoclaw:host:Nope; it has nemoclaw:test:Thing/,
    );
  });

  test("cancel reaches what is under way", async () => {
    const handler = thing({
      create: (_inputs, { signal }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("stopped")))),
    });
    const provider = dispatch(handler);
    const creating = provider.create(at, { name: "a" });
    await provider.cancel();
    await expect(creating).rejects.toThrow("stopped");
  });
});

describe("the plugin's own resources", () => {
  test("a failure's message arrives whatever was to be recorded: a bundle too long for the way is left out", async () => {
    const failing = (more: object) =>
      dispatch(
        thing({
          create: async () => {
            throw new HostError("command", { summary: "it broke", said: "x".repeat(100_000) });
          },
        }),
      ).create(at, { name: "a", token: secret("t".repeat(4000)), ...more });
    const bundle = await failing({ release: secret("c".repeat(100_000)) }).catch((error) => error);
    expect(bundle).toMatchObject({ id: "thing/a", properties: { name: "a", token: secret("t".repeat(4000)) } });
    expect(Object.keys(bundle.properties)).not.toContain("release");
    const much = await failing({ release: Array(50_000).fill("c") }).catch((error) => error);
    expect(much.message).toMatch(/^it broke/);
    expect(much.message.length).toBeLessThan(1000);
    expect(much.properties).toBeUndefined();
  });

  test("an SSH key pair's private half leaves the plugin as a secret only", async () => {
    const { outs } = await dispatch(sshKeyPair).create(urn(sshKeyPair.type), { comment: "box" });
    expect(outs.publicKey).toMatch(/^ssh-ed25519 \S+ box$/);
    expect(Object.values(outs.privateKey)).toContainEqual(expect.stringContaining("OPENSSH PRIVATE KEY"));
    expect(Object.keys(outs.privateKey)).toContain("4dabf18193072939515e22adb298388d");
  });

  test("every type has strict inputs, so that a misspelt property is refused and never printed", async () => {
    for (const { type } of handlers) {
      const failures = (await new Dispatcher(handlers, () => {}).check(urn(type), {}, { tokn: secret("hidden-value") }))
        .failures;
      expect(failures?.length, type).toBeGreaterThan(0);
      expect(JSON.stringify(failures), type).not.toContain("hidden-value");
    }
  });
});
