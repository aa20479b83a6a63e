import { join } from "node:path";
import { expect, test } from "vitest";
import { DigestReporter } from "../../engine/index.ts";
import { goneSinceUpdate } from "../../review/preview/gone-since-update.ts";
import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import { RealCli } from "../fixtures/engine/real-cli.ts";
import { Toys } from "../fixtures/engine/toys.ts";

// What the program says of itself, in a state that either engine keeps: a toy is removed by hand, and a refresh forgets it.

const module = join(import.meta.dirname, "../../stacks/left-by-update.ts");
const program = (things: string) => `import { noteDeclared } from "${module}";
const declared = noteDeclared();
new Box("box", {});
const a = new Thing("a", { secret: pulumi.secret("hunter2") });
${things}
export const leftByUpdate = declared();
`;
const both = program('new Thing("b", {}, { dependsOn: a });');

interface Runs {
  up(): Promise<unknown>;
  refresh(): Promise<unknown>;
  /** The JSON of a preview that looks at the toys first. */
  preview(): Promise<string>;
}

function embedded(toys: Toys): Runs {
  return {
    up: () => toys.up(),
    refresh: () => toys.refresh(),
    preview: async () => {
      const report = new DigestReporter({}, () => {});
      await toys.preview({ report, refresh: true });
      return JSON.stringify(report.digest);
    },
  };
}

const real = RealCli.find();

function cli(toys: Toys): Runs {
  const run = (...args: string[]) => {
    const { code, stdout, said } = (real as RealCli).run(toys, args);
    if (code !== 0) throw new Error(said);
    return stdout;
  };
  return {
    up: async () => run("up", "--yes", "--skip-preview"),
    refresh: async () => run("refresh", "--yes", "--skip-preview"),
    preview: async () => run("preview", "--refresh", "--json"),
  };
}

for (const [engine, runsOf] of [
  ["the embedded engine", embedded],
  ["the real CLI", cli],
] as const) {
  test(`what a refresh by ${engine} found gone is told until an update makes it again or leaves it out`, {
    timeout: 240_000,
  }, async ({ skip }) => {
    if (runsOf === cli && !real) skip("no pulumi with pulumi-language-nodejs on PATH or in NEMOCLAW_PULUMI");
    using toys = await Toys.make(both);
    const runs = runsOf(toys);
    const gone = () => goneSinceUpdate(toys.state.resources);
    const seen = async () => {
      const preview = readPreview(await runs.preview(), "a preview");
      const { drift = [], resources } = reportOfPreview({ stack: "local", preview, compared: "" });
      return { drift: drift.map((one) => [one.name, one.gone]), does: resources.map((one) => one.operation) };
    };
    const removeByHand = (name: string) => {
      toys.world = Object.fromEntries(Object.entries(toys.world).filter(([id]) => !id.startsWith(`${name}-`)));
    };

    await runs.up();
    expect(toys.resource("toys-local").outputs).toEqual({ leftByUpdate: "a, b, box-thing" });
    expect([gone(), await seen()]).toEqual([[], { drift: [], does: [] }]);

    removeByHand("b");
    expect([gone(), await seen()]).toEqual([[], { drift: [["b", true]], does: ["create"] }]);
    await runs.refresh();
    expect([gone(), await seen()]).toEqual([["b"], { drift: [["b", true]], does: ["create"] }]);
    toys.program(program('new Thing("b", { fail: "create" });'));
    await expect(runs.up()).rejects.toThrow();
    expect(gone()).toEqual(["b"]);
    toys.program(both);
    await runs.up();
    expect([gone(), toys.names]).toEqual([[], ["a", "b", "box"]]);

    removeByHand("b");
    await runs.refresh();
    expect(gone()).toEqual(["b"]);
    toys.program(program('new Thing("c", {});'));
    expect(await seen()).toEqual({ drift: [], does: ["create"] });
    await runs.up();
    expect([gone(), await seen()]).toEqual([[], { drift: [], does: [] }]);
  });
}
