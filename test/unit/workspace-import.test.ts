import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { tar } from "../../host/local/tar.ts";
import type { Question } from "../../host/question.ts";
import { runtimeOf } from "../../host/runtimes/runtimes.ts";
import { someMachine } from "../support/some-machine.ts";

/** What `scripts/workspace import` prints, on a machine that says things which a terminal would obey. */
const hostile = "\u001b[2Jgone\r";
const path = "/var/lib/nemoclaw/main/workspace";
const host = {
  look: async ({ script, parse }: Question<unknown>) => {
    const mark = JSON.stringify({ by: `${hostile}anna`, since: "2026-11-29T00:00:00Z", why: hostile });
    return parse({ stdout: script.startsWith("cat ") ? mark : "0", exitCode: 0 });
  },
};
vi.mock("../../scripts/chosen-sandbox.ts", async (original) => ({
  ...(await original<typeof import("../../scripts/chosen-sandbox.ts")>()),
  findChosen: async () => ({
    sandbox: "main",
    machine: someMachine,
    runtime: runtimeOf("embedded"),
    state: { find: () => ({ outputs: { path } }) },
  }),
}));
vi.mock("../../scripts/stack-command.ts", async (original) => ({
  ...(await original<typeof import("../../scripts/stack-command.ts")>()),
  connectToOurs: async () => host,
}));
vi.mock("../../scripts/remote-stream.ts", () => ({
  streamRemotely: async (_machine: unknown, { attach }: { attach(...of: PassThrough[]): Promise<void> }) => {
    const [output, input] = [new PassThrough(), new PassThrough()];
    input.resume();
    await attach(output, input);
    output.end(`${path}.import.abc\n`);
    await new Promise((done) => output.once("end", done));
  },
}));
vi.mock("../../scripts/exchange-workspace.ts", () => ({
  exchangeWorkspace: async (_host: unknown, { say }: { say(remark: string): void }) => {
    say(`the gateway says ${hostile}`);
    return `left in ${hostile}`;
  },
}));

const before = process.argv;
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nemoclaw-import-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  vi.restoreAllMocks();
  process.argv = before;
});

test("nothing that a machine says acts on a terminal", async () => {
  const file = join(folder, "a.tgz");
  writeFileSync(file, gzipSync(tar([{ path: "a", content: "x" }])));
  const lines: string[] = [];
  for (const to of ["log", "error"] as const)
    vi.spyOn(console, to).mockImplementation((line) => void lines.push(String(line)));
  process.argv = ["node", "workspace", "-s", "prod", "import", file];
  const code = process.exitCode;
  try {
    await import("../../scripts/workspace.ts");
    expect(process.exitCode).toBe(1);
  } finally {
    process.exitCode = code;
  }
  const shown = "gone⟦U+000D⟧";
  expect(lines.slice(1)).toEqual([
    `the gateway says ${shown}`,
    expect.stringMatching(/^[0-9a-f]{64} {2}\S+$/),
    `1 files, folders and links are in ${path}`,
    `prod is still stopped on purpose by ${shown}anna since 2026-11-29T00:00:00Z: ${shown}`,
    `left in ${shown}`,
  ]);
});
