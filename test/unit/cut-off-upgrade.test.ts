import { beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import type { Command } from "../../host/command.ts";
import { HostError } from "../../host/errors.ts";
import type { Host } from "../../host/host.ts";
import type { Machine } from "../../host/machine.ts";
import type { Question, Questions } from "../../host/question.ts";
import { answersTurn } from "../../host/runtimes/turn-health.ts";
import { stoppedPath } from "../../host/stopped.ts";
import { cutOffUpgradeOutput } from "../../provider/cut-off-upgrade.ts";
import { Dispatcher } from "../../provider/dispatch.ts";
import { hostHandler } from "../../provider/host-resource.ts";
import { someMachine } from "../support/some-machine.ts";

/** A stand-in for a machine with one service of a version, which keeps what ran before as a real one does. */
const world = {
  version: "1",
  kept: undefined as string | undefined,
  stopped: false,
  lost: false,
  sick: false,
  done: [] as string[],
};
beforeEach(() => {
  Object.assign(world, { version: "1", kept: undefined, stopped: false, lost: false, sick: false, done: [] });
});

function answer({ script }: Pick<Question<unknown>, "script">) {
  const said = (text: string | undefined) => ({ stdout: text ?? "", exitCode: text === undefined ? 1 : 0 });
  if (script.includes(stoppedPath("main"))) return said(world.stopped ? "{}" : undefined);
  if (script === "version") return said(world.version);
  return said(`${world.kept === undefined ? "" : "left\n"}${world.stopped ? "" : "running\n"}`);
}

function look(questions: Questions<unknown>): unknown {
  if (typeof (questions as { parse?: unknown }).parse === "function") {
    const question = questions as Question<unknown>;
    return question.parse(answer(question));
  }
  return Object.fromEntries(
    Object.entries(questions as object).map(([key, inner]) => [key, look(inner as Questions<unknown>)]),
  );
}

const host = {
  machine: { address: "stand-in" },
  look: async (questions: Questions<unknown>) => look(questions),
  apply: async (_what: string, commands: readonly Command[]) => {
    for (const { title } of commands) {
      world.done.push(title);
      if (title === "keep what runs now") world.kept = world.version;
      else if (title === "put back what ran before") world.version = world.kept ?? "";
      else if (title === "forget what ran before") world.kept = undefined;
      else world.version = title.replace("write ", "");
    }
  },
  run: async () => {
    // The operator's Ctrl-C, while the new version is tried.
    if (world.lost && world.version === "2") throw new HostError("cancelled", { summary: "cancelled" });
    return { exitCode: world.sick && world.version === "2" ? 1 : 0, stdout: "{}", stderr: "" };
  },
} as unknown as Host;
vi.mock("../../host/pool.ts", () => ({ connectTo: async () => host }));

interface Inputs {
  readonly machine: Machine;
  readonly sandbox: string;
  readonly version: string;
  readonly running: boolean;
}

const urn = "urn:pulumi:dev::nemoclaw::nemoclaw:test:Service::thing";
const plugin = new Dispatcher(
  [
    hostHandler<Inputs, Inputs, string>({
      type: "nemoclaw:test:Service",
      inputs: z.strictObject({ machine: z.unknown(), sandbox: z.string(), version: z.string(), running: z.boolean() }),
      nameOn: () => "service",
      step: ({ version }) => ({
        name: "the service",
        facts: { script: "version", parse: ({ stdout }) => stdout },
        plan: (now) => (now === version ? [] : [{ title: `write ${version}`, script: "" }]),
        kept: { paths: ["/opt/x/current"], units: ["x.service"] },
        replaces: (now) => now !== version,
      }),
      observe: (inputs, version) => ({ ...inputs, version, running: !world.stopped }),
      health: () => [answersTurn("main")],
      removal: () => ({ name: "nothing", facts: {}, plan: () => [] }),
    }),
  ],
  () => {},
);
const inputs = (version: string) => ({ machine: someMachine, sandbox: "main", version, running: true });
const update = async (version: string) => {
  world.done.length = 0;
  return (await plugin.update("x", urn, inputs("1"), inputs(version))).outs as Record<string, unknown>;
};
const cutOff = async () => {
  world.lost = true;
  await expect(update("2")).rejects.toThrow("cancelled");
  world.lost = false;
  expect(world).toMatchObject({ version: "2", kept: "1" });
};
const [keep, back, forget] = ["keep what runs now", "put back what ran before", "forget what ran before"];

test("what a cut-off upgrade kept is dropped by an update of the stopped environment, and never put back later", async () => {
  await cutOff();
  world.stopped = true;
  await update("2");
  expect(world.done).toEqual([forget]);
  world.stopped = false;
  await update("3");
  expect(world.done).toEqual([keep, "write 3", forget]);
});

test("and only once that has come to its end", async () => {
  await cutOff();
  world.stopped = true;
  await update("3");
  expect(world.done).toEqual(["write 3", forget]);
});

test("a look that finds all as it is wanted has the next update try that, and drop what ran before", async () => {
  await cutOff();
  const found = await plugin.read("x", urn, inputs("2"));
  expect(found.inputs).toEqual(inputs("2"));
  expect(await plugin.compare(urn, found.inputs ?? {}, found.props ?? {}, inputs("2"))).toMatchObject({
    changes: true,
    changed: [cutOffUpgradeOutput],
    replaces: [],
  });
  const after = await update("2");
  expect(world.done).toEqual([forget]);
  expect(after).not.toHaveProperty(cutOffUpgradeOutput);
});

test("and put back what ran before only where that does not work", async () => {
  await cutOff();
  world.sick = true;
  await expect(update("2")).rejects.toThrow("what ran before it runs again");
  expect(world.done).toEqual([back, forget]);
  expect(world).toMatchObject({ version: "1", kept: undefined });
});

test("an update to yet another version puts nothing back on its way", async () => {
  await cutOff();
  await update("3");
  expect(world.done).toEqual(["write 3", forget]);
});

test("a look where nothing was cut off, or it is settled by now, says nothing of it", async () => {
  world.version = "2";
  const before = { ...inputs("2"), [cutOffUpgradeOutput]: true };
  const { props = {}, inputs: wanted = {} } = await plugin.read("x", urn, before);
  expect(props).not.toHaveProperty(cutOffUpgradeOutput);
  expect((await plugin.compare(urn, wanted, props, inputs("2"))).changes).toBe(false);
});
