import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const module = JSON.stringify(resolve(import.meta.dirname, "../../scripts/reader-gone.ts"));

/** What a shell says of a script that goes on printing, up to 200 lines, while its reader takes one. */
function printed(lines: string): string {
  const script = `import * as gone from ${module};
gone.outliveReader();
${lines}
for (let line = 1; line <= 200; line++) {
  console.log(line);
  await new Promise((done) => setTimeout(done, 5));
}
console.error("to its end");`;
  const command = '{ node --input-type=module-typescript -e "$1"; echo "exit $?" >&2; } | head -n 1';
  const { stdout, stderr } = spawnSync("bash", ["-c", command, "bash", script], { encoding: "utf8" });
  return stdout + stderr;
}

test("a script whose reader has gone goes on to its end, since it may be in the middle of something", () => {
  expect(printed("")).toBe("1\nto its end\nexit 0\n");
});

test("one that only shows, again and again, ends with its reader", () => {
  expect(printed("gone.endWithReader();")).toBe("1\nexit 0\n");
});
