import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import os, { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { coerce, openConfig, parseKey, text } from "../../engine/config.ts";
import { deleteInOrder } from "../../engine/delete-order.ts";
import { seconds } from "../../engine/goal.ts";
import { differences } from "../../engine/object-diff.ts";
import { newCrypter, openCrypter } from "../../engine/passphrase.ts";
import { changeLines } from "../../engine/property-lines.ts";
import { formatPath, keepOld, parsePath } from "../../engine/property-path.ts";
import type { ResourceState } from "../../engine/resource-state.ts";
import { Snapshot } from "../../engine/snapshot.ts";
import { StackLock } from "../../engine/stack-lock.ts";
import { makeUrn } from "../../engine/urn.ts";
import { blind, equal, secret, unknown } from "../../engine/values.ts";

const state = (name: string, more: Partial<ResourceState> = {}): ResourceState => ({
  urn: name,
  type: "t:i:T",
  custom: true,
  ...more,
});
const plain = (_colour: string, text: string) => text;

describe("secrets", () => {
  // Written by Pulumi 3.270's own CLI.
  const salt = "v1:sAbAfmvmW2Q=:v1:yhqvEmv7mpE4ts5G:12eFsyD6pUlBjUulqteShCOX1wbgMg==";

  test("opens what the CLI has encrypted", async () => {
    const crypter = await openCrypter("pw", salt, "Pulumi.s.yaml");
    expect(crypter.decrypt("v1:KnQHXzUYfLi++ILl:h9iAjB0P0JGdgAtr8Qx5WBB7IwPsQg==")).toBe("s3cret");
  });

  test("refuses another passphrase, and a value somebody changed", async () => {
    await expect(openCrypter("other", salt, "Pulumi.s.yaml")).rejects.toThrow(
      /^incorrect passphrase: .* does not open the secrets of Pulumi\.s\.yaml$/,
    );
    const crypter = await newCrypter("pw");
    const sealed = crypter.encrypt("päss\nwörd");
    expect(crypter.decrypt(sealed)).toBe("päss\nwörd");
    expect(crypter.encrypt("x")).not.toBe(crypter.encrypt("x"));
    expect(() => crypter.decrypt(sealed.replace(/.{4}$/, "AAA="))).toThrow();
  });
});

describe("values", () => {
  test("urns nest by component type, never by the stack's", () => {
    const where = { stack: "s", project: "p" };
    const root = makeUrn(where, "", "pulumi:pulumi:Stack", "p-s");
    const box = makeUrn(where, root, "a:b:Box", "box");
    expect(box).toBe("urn:pulumi:s::p::a:b:Box::box");
    expect(makeUrn(where, box, "a:b:Thing", "t::1")).toBe("urn:pulumi:s::p::a:b:Box$a:b:Thing::t::1");
  });

  test("equality looks at everything but the order of keys", () => {
    expect(equal({ a: [1, { b: null }], c: "x" }, { c: "x", a: [1, { b: null }] })).toBe(true);
    expect(equal({ a: 1 }, { a: 1, b: null })).toBe(false);
    expect(equal(secret("x"), "x")).toBe(false);
    expect(blind({ a: [secret({ b: "x" })] })).toEqual({ a: ["[secret]"] });
  });

  test("paths are read and written as Pulumi spells them", () => {
    for (const path of ["a", "a.b[0].c", 'a["x.y"][2]', '["a b"].c'.replace("a b", "a.b")])
      expect(formatPath(parsePath(path))).toBe(path);
    expect(parsePath('root["key with \\"quotes\\""].nested[3]')).toEqual(["root", 'key with "quotes"', "nested", 3]);
    expect(() => parsePath("a[")).toThrow("stops making sense");
  });

  test("ignored changes keep their old value, wherever they are", () => {
    const before = { a: 1, list: [{ x: 1, y: 1 }], map: { k: 1 }, hidden: secret({ in: "old" }) };
    const wanted = { a: 2, list: [{ x: 2, y: 2 }], map: { k: 2, more: 2 }, hidden: { in: "new" }, added: 1 };
    expect(keepOld(wanted, before, ["a", "list[*].x", "map.*", "hidden.in", "added", "no.such[1]"])).toEqual({
      a: 1,
      list: [{ x: 1, y: 2 }],
      map: { k: 1 },
      hidden: { in: secret("old") },
    });
    expect(wanted.a).toBe(2);
  });

  test("a difference is told at its deepest place, and never inside a secret", () => {
    const changes = differences(
      { a: { b: [1, 2], c: secret({ x: 1 }) }, gone: 1 },
      { a: { b: [1, 3, 4], c: secret({ x: 2 }) }, fresh: true },
    );
    expect(changes.map(({ path, kind }) => `${kind} ${formatPath(path)}`)).toEqual([
      "update a.b[1]",
      "add a.b[2]",
      "update a.c",
      "delete gone",
      "add fresh",
    ]);
  });

  test("changes read as lines, secrets hidden, unknowns said so, drift from what was observed", () => {
    const before = state("a", { inputs: { model: "a", key: secret("k1"), old: [1] }, outputs: { model: "drifted" } });
    const after = state("a", { inputs: { model: "b", key: secret("k2"), url: unknown } });
    expect(changeLines(before, after, plain)).toEqual([
      '~ model: "a" => "b"',
      "~ key: [secret] => [secret] (changed)",
      "- old: [1]",
      "+ url: (known after apply)",
    ]);
    expect(changeLines(before, state("a", { inputs: before.inputs ?? {} }), plain)[0]).toBe(
      '~ model: "drifted" => "a"',
    );
  });

  test.each([
    ["5m", 300],
    ["1h30m", 5400],
    ["1.5s", 1.5],
    ["300ms", 0.3],
    ["", undefined],
  ])("the duration %j is %j seconds", (typed, wanted) => {
    expect(seconds(typed)).toBe(wanted);
  });
});

describe("configuration", () => {
  test("keys get the project's namespace unless they have one", () => {
    expect(parseKey("machine.kind", "nemoclaw", true)).toEqual({ key: "nemoclaw:machine", path: ["kind"] });
    expect(parseKey("other:machine.accept[0]", "nemoclaw", true)).toEqual({
      key: "other:machine",
      path: ["accept", 0],
    });
    expect(parseKey("machine.kind", "nemoclaw", false)).toEqual({ key: "nemoclaw:machine.kind", path: [] });
    expect(parseKey("other:config:name", "nemoclaw", false)).toEqual({ key: "other:name", path: [] });
  });

  test("values inside a path are what they look like, as in the CLI", () => {
    expect(["true", "false", "0", "-5", "12", "007", "1.5", "x"].map(coerce)).toEqual([
      true,
      false,
      0,
      -5,
      12,
      "007",
      "1.5",
      "x",
    ]);
  });

  test("objects become the very text Go writes, and a secret anywhere makes the whole secret", () => {
    expect(text({ b: "<&>", a: [true, null, 1.5] })).toBe('{"a":[true,null,1.5],"b":"\\u003c\\u0026\\u003e"}');
    const config = openConfig(
      { "n:a": { x: [{ secure: "S" }] }, "n:b": true },
      { decrypt: (sealed) => `open ${sealed}` },
    );
    expect(config.values).toEqual(
      new Map([
        ["n:a", '{"x":["open S"]}'],
        ["n:b", "true"],
      ]),
    );
    expect([...config.secretKeys]).toEqual(["n:a"]);
  });
});

describe("the state while it changes", () => {
  test("what is dealt with stands before what is left, and an unfinished creation stays until it is made", async () => {
    const writes: string[] = [];
    const [a, b] = [state("a"), state("b", { dependencies: ["a"] })];
    const before = { resources: [a, b], operations: [{ type: "creating" as const, resource: state("c") }] };
    const snapshot = new Snapshot(before, async ({ resources, operations }) => {
      writes.push(
        `${resources.map(({ urn }) => urn)} | ${operations.map(({ type, resource }) => `${type} ${resource.urn}`)}`,
      );
    });
    snapshot.note({ add: state("a"), remove: a });
    const c = state("c");
    const operation = await snapshot.begin("creating", c);
    await snapshot.end(operation, { add: c });
    await snapshot.close();
    expect(writes).toEqual(["a,b | creating c", "a,c,b | "]);
  });

  test("changes that end together share a write, and each waits for one that has it", async () => {
    let writes = 0;
    const snapshot = new Snapshot({ resources: [], operations: [] }, async () => {
      writes += 1;
      await new Promise((resolve) => setTimeout(resolve, 5));
    });
    const names = Array.from({ length: 20 }, (_, at) => `r${at}`);
    await Promise.all(
      names.map(async (name) => snapshot.end(await snapshot.begin("creating", state(name)), { add: state(name) })),
    );
    expect(snapshot.checkpoint.resources).toHaveLength(20);
    expect(writes).toBeLessThan(10);
  });

  test("what was found gone takes the references to it along", () => {
    const [a, b] = [
      state("a"),
      state("b", { parent: "a", dependencies: ["a"], propertyDependencies: { x: ["a"] }, deletedWith: "a" }),
    ];
    const snapshot = new Snapshot({ resources: [a, b], operations: [] }, async () => {});
    snapshot.refreshed(new Map([[a, undefined]]));
    expect(snapshot.checkpoint.resources).toEqual([state("b", { dependencies: [], propertyDependencies: { x: [] } })]);
  });

  test("a thing goes when everything that needs it is gone, and after a failure nothing more does", async () => {
    const states = [state("a"), state("b", { parent: "a" }), state("c", { dependencies: ["b"] }), state("d")];
    const order: string[] = [];
    await deleteInOrder(states, async ({ urn }) => void order.push(urn));
    expect(order.indexOf("c")).toBeLessThan(order.indexOf("b"));
    expect(order.indexOf("b")).toBeLessThan(order.indexOf("a"));

    const tried: string[] = [];
    const failing = deleteInOrder(states, async ({ urn }) => {
      tried.push(urn);
      if (urn === "b") throw new Error("b stays");
    });
    await expect(failing).rejects.toThrow("b stays");
    expect(tried).not.toContain("a");
  });
});

describe("the lock", () => {
  const inFolder = async (work: (folder: string) => Promise<void>) => {
    const folder = mkdtempSync(join(tmpdir(), "engine-lock-"));
    await work(folder).finally(() => rmSync(folder, { recursive: true }));
  };
  const left = (folder: string, content: object) =>
    writeFileSync(
      join(folder, "left.json"),
      JSON.stringify({ username: "u", hostname: hostname(), timestamp: "t", ...content }),
    );

  test("is one process's at a time, and gone when given back", () =>
    inFolder(async (folder) => {
      using _held = await StackLock.take(folder, () => {});
      await expect(StackLock.take(folder, () => {})).rejects.toThrow(`locked by process ${process.pid}`);
    }));

  test("names its user by number where there is no name for it, as in a container", () =>
    inFolder(async (folder) => {
      const nameless = vi.spyOn(os, "userInfo").mockImplementation(() => {
        throw new Error("uv_os_get_passwd returned ENOENT");
      });
      syncBuiltinESMExports();
      try {
        using _held = await StackLock.take(folder, () => {});
        const [file = ""] = readdirSync(folder);
        expect(JSON.parse(readFileSync(join(folder, file), "utf8")).username).toBe(String(process.getuid?.()));
      } finally {
        nameless.mockRestore();
        syncBuiltinESMExports();
      }
    }));

  test("of a process that is gone is taken away; of another computer it is not", () =>
    inFolder(async (folder) => {
      const said: string[] = [];
      // The number may be another process's by now: it started at another time.
      left(folder, { pid: process.pid, started: "1" });
      using _held = await StackLock.take(folder, (line) => said.push(line));
      expect(said.join()).toContain("taken away");
      expect(readdirSync(folder)).toHaveLength(1);
    }).then(() =>
      inFolder(async (folder) => {
        left(folder, { pid: 4_000_000, hostname: "elsewhere" });
        await expect(StackLock.take(folder, () => {})).rejects.toThrow("u@elsewhere");
      }),
    ));
});
