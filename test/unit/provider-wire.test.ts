import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { failuresOf } from "../../provider/check.ts";
import { diff } from "../../provider/diff.ts";
import { diffResponse } from "../../provider/full-diffs.ts";
import { rewrap, unwrap } from "../../provider/wire.ts";

const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const secret = (value: unknown) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  value,
});

describe("secrets on the wire", () => {
  test("are taken off and put back at the same places", () => {
    const wrapped = {
      a: secret("s"),
      list: [1, secret({ deep: "t" })],
      machine: { privateKey: secret("k"), port: 22 },
    };
    const { plain, secrets } = unwrap(wrapped);
    expect(plain).toEqual({ a: "s", list: [1, { deep: "t" }], machine: { privateKey: "k", port: 22 } });
    expect(rewrap(plain, secrets)).toEqual(wrapped);
  });

  test("of any shape survive the round trip", () => {
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: "small" },
        fc.string(),
        fc.integer(),
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), tie("tree"), { maxKeys: 3 }),
        fc.string().map(secret),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), tree, { maxKeys: 4 }), (properties) => {
        const { plain, secrets } = unwrap(properties);
        expect(JSON.stringify(plain)).not.toContain("4dabf181");
        expect(rewrap(plain, secrets)).toEqual(properties);
      }),
    );
  });
});

describe("check", () => {
  const schema = z.strictObject({ machine: z.strictObject({ port: z.int() }), chats: z.array(z.int()).min(1) });

  test("names every fault by its path, at once", () => {
    expect(failuresOf(schema, { machine: { port: "x" }, chats: ["a"] }).map((f) => f.property)).toEqual([
      "machine.port",
      "chats[0]",
    ]);
  });

  test("lets through what is not known before the machine exists", () => {
    expect(failuresOf(schema, { machine: { port: UNKNOWN }, chats: [1] })).toEqual([]);
    expect(failuresOf(schema, { machine: UNKNOWN, chats: [1] })).toEqual([]);
    expect(failuresOf(schema, { machine: UNKNOWN, chats: [] })).toHaveLength(1);
  });
});

describe("diff", () => {
  const machine = { id: "m1", address: "a" };
  const replaceOn = [["machine", "id"], ["policy"]];

  test("finds nothing where what is wanted was observed, whatever else the state holds", () => {
    const observed = { machine, model: "a", version: "1.2" };
    expect(diff(observed, { machine, model: "a", key: undefined }, replaceOn).changes).toBe(false);
  });

  test("updates for a changed value and for one not known yet", () => {
    expect(diff({ machine, model: "a" }, { machine, model: "b" }, replaceOn)).toMatchObject({
      changes: true,
      replaces: [],
    });
    expect(diff({ machine, sandboxId: "s" }, { machine, sandboxId: UNKNOWN }, replaceOn)).toMatchObject({
      changes: true,
      replaces: [],
    });
  });

  test("a machine that only moved is an update, another machine a replacement", () => {
    expect(diff({ machine }, { machine: { ...machine, address: "b" } }, replaceOn)).toMatchObject({ replaces: [] });
    expect(diff({ machine }, { machine: { ...machine, id: "m2" } }, replaceOn).replaces).toEqual(["machine"]);
    expect(diff({ machine }, { machine: { ...machine, id: UNKNOWN } }, replaceOn).replaces).toEqual(["machine"]);
  });

  test("a static property replaces once its change is known", () => {
    expect(diff({ machine, policy: { a: 1 } }, { machine, policy: { a: 2 } }, replaceOn).replaces).toEqual(["policy"]);
  });

  test("a property taken out of the configuration is a change", () => {
    expect(
      diff({ machine, hostname: "h" }, { machine }, replaceOn, { inputNames: new Set(["hostname"]) }).changes,
    ).toBe(true);
  });
});

describe("what a diff names", () => {
  const names = (observed: object, wanted: object, more: object = {}) =>
    diff(observed as Record<string, unknown>, wanted as Record<string, unknown>, [["machine", "id"]], more);

  test("every changed property, and every place in it", () => {
    const observed = {
      model: "a",
      chats: [1, 2],
      machine: { id: "m", port: 22 },
      blocks: { "a.b": { x: 1 } },
      gone: 1,
    };
    const wanted = { model: "b", chats: [1, 3, 4], machine: { id: "n", port: 22 }, blocks: { "a.b": { x: 2 } } };
    const { changed, detail } = names(observed, wanted, { inputNames: new Set(["gone"]), recorded: wanted });
    expect(changed).toEqual(["model", "chats", "machine", "blocks", "gone"]);
    expect(
      Object.entries(detail).map(([path, { kind, replaces }]) => `${kind} ${path}${replaces ? " replaces" : ""}`),
    ).toEqual([
      "update model",
      "update chats[1]",
      "add chats[2]",
      "update machine.id replaces",
      'update blocks["a.b"].x',
      "delete gone",
    ]);
  });

  test("a secret by its name, without what is in it", () => {
    const [observed, wanted] = [{ token: { deep: "one" } }, { token: { deep: "other" } }];
    const { detail } = names(observed, wanted, { secrets: [["token"]] });
    expect(detail).toEqual({ token: { kind: "update", replaces: false, input: true } });
  });

  test("whether the recorded input changes too, or only what was observed", () => {
    const { detail } = names({ running: false }, { running: true }, { recorded: { running: true } });
    expect(detail.running).toEqual({ kind: "update", replaces: false, input: false });
  });

  test("travels to the engine as Pulumi's own answer", () => {
    const answer = diffResponse(names({ model: "a", machine: { id: "m" } }, { model: "b", machine: { id: "n" } }));
    expect(answer.getDiffsList()).toEqual(["model", "machine"]);
    const detail = [...answer.getDetaileddiffMap().entries()]
      .sort()
      .map(([path, one]) => [path, one.getKind(), one.getInputdiff()]);
    expect(detail).toEqual([
      ["machine.id", 5, true],
      ["model", 4, true],
    ]);
    expect(diffResponse(names({}, {})).getHasdetaileddiff()).toBe(false);
  });
});
