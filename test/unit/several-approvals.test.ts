import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Command } from "../../host/command.ts";
import { HostError } from "../../host/errors.ts";
import type { Host } from "../../host/host.ts";
import { type Standing, standingsIn } from "../../scripts/stack-command.ts";
import type { StackState, StateResource } from "../../scripts/stack-state.ts";
import { someMachine } from "../support/some-machine.ts";

const resource = (sandbox: string, machine: object): StateResource => {
  const type = "nemoclaw:host:Sandbox";
  const inputs = { machine, running: true, sandbox, runtime: "openshell" };
  return { urn: `urn:pulumi:prod::nemoclaw::${type}::${sandbox}`, type, inputs, outputs: inputs };
};
const resources = [
  resource("main", someMachine),
  resource("second", { ...someMachine, id: "local:2", address: "10.0.0.2" }),
];
const state: StackState = { resources, find: (type) => resources.find((one) => one.type === type) };
const draft = { id: "07396869-c6df", name: "allow_a", endpoints: "a.example:443", rationale: "r\u001b[2J\r" };

/** Machines that do not answer, what was done, and what was written. */
const world = { silent: [] as string[], done: [] as string[], out: [] as string[], err: [] as string[] };
vi.mock("../../scripts/stack-command.ts", async (original) => ({
  ...(await original<typeof import("../../scripts/stack-command.ts")>()),
  findStandings: async () => standingsIn(state),
  connectToOurs: async ({ machine }: Standing) => {
    if (world.silent.includes(machine.address))
      throw new HostError("unreachable", { summary: `${machine.address} is silent` });
    const drafts = machine.address === someMachine.address ? [{ ...draft, verdict: { kind: "none", said: "no" } }] : [];
    return {
      machine,
      look: async () => ({ kind: "there", drafts }),
      apply: async (_: string, commands: readonly Command[]) =>
        void world.done.push(`${machine.address}: ${commands[0]?.title}`),
    } as unknown as Host;
  },
}));

const { argv } = process;
beforeEach(() => {
  Object.assign(world, { silent: [], done: [], out: [], err: [] });
  vi.spyOn(console, "log").mockImplementation((line) => void world.out.push(String(line)));
  vi.spyOn(process.stdout, "write").mockImplementation((text) => world.out.push(String(text)) > 0);
  vi.spyOn(console, "error").mockImplementation((line) => void world.err.push(String(line)));
});
afterEach(() => {
  vi.restoreAllMocks();
  process.argv = argv;
});

/** Runs the script itself. @returns its exit code */
async function approvals(...words: string[]): Promise<unknown> {
  process.argv = ["node", "approvals", ...words, "-s", "prod"];
  vi.resetModules();
  const code = process.exitCode;
  try {
    await import("../../scripts/approvals.ts");
    return process.exitCode;
  } finally {
    process.exitCode = code;
  }
}

test("a machine that does not answer is told, and hides no other's drafts", async () => {
  world.silent = ["10.0.0.2"];
  expect(await approvals("list")).toBe(1);
  expect(world.out.join("")).toMatch(/^1 rule waits for approval in sandbox main of prod\n\n07396869 {2}allow_a\n/);
  expect(world.out.join("")).not.toMatch(/[^\P{Cc}\n]/u);
  expect(world.err).toEqual(["prod, sandbox second: 10.0.0.2 is silent"]);
});

test("its JSON has the others' drafts, and whom nobody could ask", async () => {
  world.silent = ["10.0.0.2"];
  expect(await approvals("list", "--json")).toBe(1);
  expect(JSON.parse(world.out.join(""))).toMatchObject({
    drafts: [{ sandbox: "main", id: draft.id }],
    unread: [{ sandbox: "second", error: "10.0.0.2 is silent" }],
  });
  world.silent = [];
  world.out = [];
  expect(await approvals("list", "--json")).toBe(0);
  expect(JSON.parse(world.out.join(""))).not.toHaveProperty("unread");
});

test("a draft beside it is rejected all the same, and one that is not found may wait where nobody answered", async () => {
  world.silent = ["10.0.0.2"];
  expect(await approvals("reject", "0739")).toBe(0);
  expect(world.done).toEqual([expect.stringMatching(/^127\.0\.0\.1: /)]);
  expect(await approvals("reject", "ffff")).toBe(1);
  expect(world.err.at(-1)).toMatch(/^No draft that waits where somebody answered begins with ffff\./);
});

test("where none answers each is told, and nothing is called empty", async () => {
  world.silent = [someMachine.address, "10.0.0.2"];
  expect(await approvals("list")).toBe(1);
  expect([world.out.join(""), world.err.length]).toEqual(["", 2]);
});
