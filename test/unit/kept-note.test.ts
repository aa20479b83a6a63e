import { linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { readNote, writeNote } from "../../scripts/first-run/kept-note.ts";

const folder = mkdtempSync(join(tmpdir(), "nemoclaw-kept-note-"));
const file = join(folder, "below", "note.json");
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const read = async () => {
  const said: string[] = [];
  return { note: await readNote(file, (line) => void said.push(line)), said };
};

test("a note comes in the place of the one before, which a run killed meanwhile leaves whole", async () => {
  expect(await read()).toEqual({ note: undefined, said: [] });
  await writeNote(file, { a: 1 });
  linkSync(file, `${file}.before`);
  await writeNote(file, { a: 2 });
  expect(await read()).toEqual({ note: { a: 2 }, said: [] });
  expect(readFileSync(`${file}.before`, "utf8")).toBe('{"a":1}\n');
  expect(readdirSync(join(folder, "below"))).toEqual(["note.json", "note.json.before"]);
});

test.each(["", "{", "null", '"text"'])("one that is %j is told with its file, and ends nothing", async (text) => {
  await writeNote(file, {});
  writeFileSync(file, text);
  const why = expect.stringMatching(/^\S+note\.json cannot be read, so what it noted is not known: \S/);
  expect(await read()).toEqual({ note: "unreadable", said: [why] });
});
