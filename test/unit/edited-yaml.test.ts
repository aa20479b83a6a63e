import { describe, expect, test } from "vitest";
import { type Document, parse } from "yaml";
import { editedYaml } from "../../review/drift/edited-yaml.ts";

const model = ["config", "nemoclaw:inference", "model"];

describe("a YAML file that is changed keeps the way it is written", () => {
  test.each([1, 2, 3, 4, 6, 8])("with blocks %s spaces in", (by) => {
    const space = (depth: number) => " ".repeat(by * depth);
    const text = (name: string, more = "") =>
      `config: # ours\n${space(1)}nemoclaw:inference:\n${space(2)}# asked\n${space(2)}kind:   openai\n${space(2)}model: ${name}\n${more}${space(1)}nemoclaw:machine: { kind: local }\n`;
    expect(editedYaml(text("m1"), "it", (document) => document.setIn(model, "found"))).toBe(text("found"));
    const added = editedYaml(text("m1"), "it", (document) => document.setIn([...model.slice(0, 2), "apiRoot"], "x"));
    expect(added).toBe(text("m1", `${space(2)}apiRoot: x\n`));
  });

  test("with lists in the column of what they belong to", () => {
    const text = `endpoints:\n- host:   a.example.com # as they write it\n  port: 443\n- host: b.example.com\n  port: 443\nbinaries:\n- path: /**\n`;
    const edit = (document: { setIn: (path: unknown[], value: unknown) => void }) =>
      document.setIn(["endpoints", 1, "port"], 8443);
    expect(editedYaml(text, "it", edit)).toBe(text.replace(/port: 443\nbinaries/, "port: 8443\nbinaries"));
  });

  test.each([
    "a:\n    b:\n      model: m1\n    c: 1\n",
    "a:\n  b:\n          model: m1\n  c:\n   - x\n   -   y: 1\n       z: 2\n",
    "# top\na: {\n   b: { model: m1 },\n c: 1 }\n",
  ])("or, where it is written in more than one way, at least what it says: %j", (text) => {
    const written = editedYaml(text, "it", (document) => document.setIn(["a", "b", "model"], "found"));
    expect(parse(written)).toEqual({ a: { ...parse(text).a, b: { model: "found" } } });
  });

  const lines = ["# top", "a:", "  b:", "    model: m1 # why", "    # below", "    kind:   openai", "c: 1", "d: 2"];
  const ended = (all: readonly string[], returned: readonly number[], last = "\n") =>
    all.map((line, at) => `${line}${returned.includes(at) ? "\r" : ""}`).join("\n") + last;
  const every = [...lines.keys()];

  test.each<[string, number[], number[]]>([
    ["none but line feeds", [], []],
    ["one return, above", [0], [0]],
    ["one return, below", [6], [6]],
    ["one return, in the line that changes", [3], []],
    ["one line feed, below", every.filter((at) => at !== 6), every.filter((at) => at !== 6)],
    ["one line feed, in the line that changes", every.filter((at) => at !== 3), every],
    ["returns in all lines", every, every],
  ])("with each line's own end: %s", (_, was, is) => {
    const found = lines.with(3, "    model: found # why");
    const set = (text: string) => editedYaml(text, "it", (document) => document.setIn(["a", "b", "model"], "found"));
    expect(set(ended(lines, was))).toBe(ended(found, is));
  });

  test("with each line's own end also between two places that change, and around lines that come and go", () => {
    const edit = (document: Document) => {
      document.setIn(["a", "b", "model"], "found");
      document.deleteIn(["c"]);
      document.setIn(["e"], 3);
    };
    const is = [...lines.with(3, "    model: found # why").filter((line) => line !== "c: 1"), "e: 3"];
    expect(editedYaml(ended(lines, [4, 6]), "it", edit)).toBe(ended(is, [4]).replace("kind:   openai", "kind: openai"));
  });

  test("with the usual end also behind a last line that had none", () => {
    const edit = (document: Document) => document.setIn(["e"], 3);
    const text = ended(lines, every).replace(/\r\n$/, "");
    expect(editedYaml(text, "it", edit)).toBe(`${[...lines, "e: 3"].join("\r\n")}\r\n`);
  });

  test("whatever its numbers are to other readers", () => {
    const text = (name: string) =>
      `a: 0x1F\nb: 0777\nc: 1.50\nd: +5\ne: 1E3\nf: 0o17\nlist: [ 0x0A, 007 ]\nmodel: ${name}\n`;
    const edit = (document: { setIn: (path: unknown[], value: unknown) => void }) => {
      document.setIn(["model"], "1e3");
      document.setIn(["d"], 6);
    };
    expect(editedYaml(text("m1"), "it", edit)).toBe(text('"1e3"').replace("+5", "6"));
  });
});
