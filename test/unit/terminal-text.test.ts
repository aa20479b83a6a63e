import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { HostError } from "../../host/errors.ts";
import { tellFailures } from "../../scripts/each-sandbox.ts";
import { LogOrder } from "../../scripts/log-order.ts";
import type { MachineLogs } from "../../scripts/log-sources.ts";
import { readLogs } from "../../scripts/read-logs.ts";
import type { Standing } from "../../scripts/stack-command.ts";
import { plainText, printableLines } from "../../scripts/terminal-text.ts";
import { someMachine } from "../support/some-machine.ts";

// Clears the screen, changes the window's title, and turns the direction of what follows.
const hostile = "a\u001b[2Jb\u001b]0;mine\u0007c\u202Ed\re";
const acts = /[^\P{Cc}\n]|\u202E/u;

const said = { out: [] as string[], err: [] as string[] };
let answer = { stdout: "", stderr: "", exitCode: 0 };
vi.mock("../../scripts/chosen-sandbox.ts", async (original) => ({
  ...(await original<typeof import("../../scripts/chosen-sandbox.ts")>()),
  findChosen: async () => ({ sandbox: "main", machine: someMachine }) as Standing,
}));
vi.mock("../../scripts/stack-command.ts", async (original) => ({
  ...(await original<typeof import("../../scripts/stack-command.ts")>()),
  connect: async () => ({ run: async () => answer }),
}));
vi.mock("../../host/connection.ts", () => ({
  Connection: {
    open: async ({ address }: { address: string }) => {
      if (address !== someMachine.address) throw new HostError("unreachable", { summary: hostile });
      type Options = { onOutput: (chunk: string, stream: string) => void };
      const exec = async (_: string, { onOutput }: Options) => {
        onOutput(`${hostile}\n`, "stderr");
        return { exitCode: 3 };
      };
      return { exec, close: async () => {} };
    },
  },
}));

const { argv } = process;
beforeEach(() => {
  Object.assign(said, { out: [], err: [] });
  vi.spyOn(console, "log").mockImplementation((line) => void said.out.push(String(line)));
  vi.spyOn(console, "error").mockImplementation((line) => void said.err.push(String(line)));
  vi.spyOn(process.stderr, "write").mockImplementation((text) => said.err.push(String(text)) > 0);
});
afterEach(() => {
  vi.restoreAllMocks();
  process.argv = argv;
});

test("nothing acts in words that may come from anywhere, and what they say stays", () => {
  expect(plainText(hostile)).toBe("abc⟦U+202E⟧d⟦U+000D⟧e");
  expect(plainText("one\n  try   ├─▶ two")).toBe("one\n  try   ├─▶ two");
});

test("of what an agent writes the lines and the signs stay, and what acts does not", () => {
  expect(printableLines("a ❤️ 👩‍💻\r\n\tb\u001b[31mc")).toBe("a ❤️ 👩‍💻\n b�[31mc");
});

describe("a terminal is given nothing that acts", () => {
  test("by what failed in one of several sandboxes", () => {
    const failed = { standing: {} as Standing, sandbox: "main", who: "prod, sandbox main", failed: new Error(hostile) };
    expect(tellFailures([failed, { ...failed, failed: hostile }])).toBe(2);
    expect(said.err.join("\n")).toContain("prod, sandbox main: abc");
    expect(said.err.join("\n")).not.toMatch(acts);
  });

  test("by the logs of a machine that does not answer, and the errors of one that does", async () => {
    const source = { script: () => "", read: () => undefined };
    const machines = [someMachine, { ...someMachine, id: "local:2", address: "10.0.0.2" }];
    const wanted = { follow: false, lines: 1, denials: false, counted: false };
    const order = new LogOrder({ ...wanted, show: () => {} });
    const logs = machines.map((machine) => ({ machine, sources: [source] })) as unknown as MachineLogs[];
    expect(await readLogs(logs, wanted, order)).toBe(3);
    expect(said.err).toHaveLength(2);
    expect(said.err.join("")).not.toMatch(acts);
  });

  test.each([
    ["answer", { text: `${hostile}\nsecond`, model: hostile }],
    ["error", { error: { kind: "k", message: hostile } }],
  ])("by an agent's %s", async (_, reply) => {
    answer = { stdout: JSON.stringify(reply), stderr: "", exitCode: 0 };
    process.argv = ["node", "chat", "-s", "prod", "hello"];
    const code = process.exitCode;
    vi.resetModules();
    await import("../../scripts/chat.ts");
    process.exitCode = code;
    const all = [...said.out, ...said.err].join("\n");
    expect(all).toContain("abc");
    expect(all.replaceAll("\u202E", "")).not.toMatch(acts);
  });
});
