import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { Toys } from "../fixtures/engine/toys.ts";

const clone = resolve(import.meta.dirname, "../..");
const node = (args: readonly string[], input?: string) =>
  spawnSync(process.execPath, args, { cwd: clone, encoding: "utf8", input });

test("what scripts/drift offers to restore what the code says does that", { timeout: 120_000 }, async () => {
  using toys = await Toys.make('new Thing("a", { value: "as the code says" });');
  const engine = (...args: string[]) => node([join(clone, "engine/main.ts"), ...args, "-C", toys.folder]);
  const drift = () => {
    const preview = engine("preview", "--refresh", "--json", "--show-sames", "-s", toys.stack).stdout;
    // It takes previews of this project alone.
    return node(
      ["scripts/drift.ts", "-s", toys.stack, "--preview", "-"],
      preview.replaceAll("::toys::", "::nemoclaw::"),
    );
  };
  await toys.up();
  expect(drift()).toMatchObject({ status: 0 });

  const [id = ""] = Object.keys(toys.world);
  toys.world = { [id]: { value: "opened by hand" } };
  const found = drift();
  expect(found.status).toBe(2);
  const [, words = ""] = /To restore what the code says: `scripts\/pulumi ([^`]+)`/.exec(found.stdout) ?? [];
  expect(engine(...words.split(" "), "--yes")).toMatchObject({ status: 0 });
  expect(toys.world).toEqual({ [id]: { value: "as the code says" } });
  expect(drift()).toMatchObject({ status: 0 });
});
