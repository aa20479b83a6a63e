import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { HostError } from "../../host/errors.ts";
import type { Host } from "../../host/host.ts";
import type { Machine } from "../../host/machine.ts";
import type { Question, Questions } from "../../host/question.ts";
import { ownerLabels } from "../../host/runtimes/openshell/box-owner.ts";
import { stoppedPath } from "../../host/stopped.ts";
import type { AnyHandler } from "../../provider/handler.ts";
import type { Looked } from "../../scripts/drift-look.ts";
import { lookAtEnvironment } from "../../scripts/environment-look.ts";
import { type Standing, standingsIn } from "../../scripts/stack-command.ts";
import type { StackState, StateResource } from "../../scripts/stack-state.ts";
import { readStackStatus, stackScreen } from "../../scripts/stack-status.ts";
import { someMachine } from "../support/some-machine.ts";

/** A look at stand-ins for machines: of all that the state has `running: true`, what is named in `down` is found down. */
const down = new Set<string>();
const cutOff = new Set<string>();
/** Machines that do not answer, by their ids. */
const silent = new Set<string>();
const handler = { inputs: z.object({ running: z.unknown() }) } as unknown as AnyHandler;
vi.mock("../../scripts/drift-look.ts", async (original) => ({
  ...(await original<typeof import("../../scripts/drift-look.ts")>()),
  lookAt: async ({ resources }: StackState): Promise<Looked[]> =>
    resources
      .map((one) => {
        const at = (one.inputs.machine as Machine | undefined)?.id ?? "";
        if (silent.has(at)) throw new HostError("unreachable", { summary: `${at} does not answer` });
        return one;
      })
      .filter(({ inputs }) => "running" in inputs)
      .map((resource) => ({
        resource,
        handler,
        observed: {
          ...resource.inputs,
          running: !down.has(nameOf(resource)),
          cutOffUpgrade: cutOff.has(nameOf(resource)) || undefined,
        },
      })),
}));
const nameOf = ({ urn }: StateResource) => urn.split("::").at(-1) ?? "";

const other = { ...someMachine, id: "local:def", address: "10.0.0.2" };
const at = (machine: object) => ({ machine, running: true });
const resource = (type: string, name: string, inputs: Record<string, unknown>): StateResource => {
  return { urn: `urn:pulumi:prod::nemoclaw::${type}::${name}`, type, inputs, outputs: inputs };
};
const sandboxOf = (name: string, machine: object, model: string) => [
  resource("nemoclaw:host:Sandbox", `${name}-sandbox`, { ...at(machine), sandbox: name, runtime: "embedded" }),
  resource("nemoclaw:host:InferenceRoute", `${name}-inference`, { ...at(machine), sandbox: name, model }),
];
const bridgeOf = (name: string, machine: object) =>
  resource("nemoclaw:host:TelegramBridge", `${name}-telegram`, { ...at(machine), sandbox: name });
const docker = resource("nemoclaw:host:DockerEngine", "machine-docker", at(someMachine));

/** What is asked of OpenShell's sandbox, line by line, Docker's word last. */
let reported: readonly string[] = [];
/** Nothing answers but `df`, and the mark of what is stopped on purpose, where there is one. */
let mark = "";
let freeKiB = 50e6;
function hostAt(machine: Machine): Host {
  const answer = ({ script, parse }: Question<unknown>) => {
    const stdout = script.includes("df -Pk")
      ? `2\n8000000\n/dev/sda1 90000000 1 ${freeKiB} 1% /\n`
      : script.includes(stoppedPath("main"))
        ? mark
        : script.includes("docker ps")
          ? reported.map((line) => `${Buffer.from(line).toString("base64")}\n`).join("")
          : "";
    return parse({ stdout, exitCode: stdout ? 0 : 1 });
  };
  const look = (questions: Questions<unknown>): unknown =>
    typeof (questions as Partial<Question<unknown>>).parse === "function"
      ? answer(questions as Question<unknown>)
      : Object.fromEntries(Object.entries(questions as object).map(([key, inner]) => [key, look(inner)]));
  return { machine, look: async (questions: Questions<unknown>) => look(questions) } as unknown as Host;
}

const connect = async ({ machine }: Standing) => {
  if (!silent.has(machine.id)) return hostAt(machine);
  throw new HostError("unreachable", { summary: `${machine.address} does not answer`, try: "see whether it is up" });
};

function stateOf(resources: readonly StateResource[]): StackState {
  return { resources, find: (type) => resources.find((one) => one.type === type) };
}

async function statusOf(resources: readonly StateResource[], ...found: string[]) {
  down.clear();
  for (const name of found) down.add(name);
  const standings = standingsIn(stateOf(resources)) as [Standing, ...Standing[]];
  return readStackStatus("prod", standings, connect);
}

const several = (...found: string[]) =>
  statusOf(
    [
      docker,
      ...sandboxOf("main", someMachine, "one"),
      ...sandboxOf("second", someMachine, "two"),
      bridgeOf("second", someMachine),
    ],
    ...found,
  );

test("each sandbox of a stack is shown with what is its own, and what is nobody's beside them", async () => {
  const status = await several("second-telegram", "main-inference", "machine-docker");
  if (!("sandboxes" in status)) throw new Error("one alone is shown");
  const own = status.sandboxes.map(({ sandbox, model, units, drift }) => ({
    sandbox,
    model: model.configured,
    doors: units.map(({ unit }) => unit).filter((unit) => /bridge|tunnel/.test(unit)),
    drift: drift.map((one) => one.resource),
  }));
  expect(own).toEqual([
    { sandbox: "main", model: "one", doors: [], drift: ["main-inference"] },
    { sandbox: "second", model: "two", doors: ["nemoclaw-bridge@second.service"], drift: ["second-telegram"] },
  ]);
  expect(status.drift).toEqual([{ resource: "machine-docker", changes: ["running: true => false"] }]);
  const drifted = status.faults.filter(({ found }) => found.includes("is not as the last update left it"));
  expect(drifted.map(({ sandbox, found }) => [sandbox, found.split(" ")[0]])).toEqual([
    ["main", "main-inference"],
    ["second", "second-telegram"],
    [undefined, "machine-docker"],
  ]);
});

test("on a screen each, by name, with what is wrong beside them at the end", async () => {
  const screens = stackScreen("prod", await several("machine-docker")).split("\n\n");
  expect(screens.map((screen) => screen.split("\n")[0])).toEqual([
    expect.stringMatching(/^stack +prod, sandbox main$/),
    expect.stringMatching(/^stack +prod, sandbox second$/),
    "FAULT  machine-docker is not as the last update left it: running: true => false",
  ]);
});

test("a screen has nothing that a terminal obeys, whatever a machine says", async () => {
  const hostile = { found: "a\u001b[2J\rb", try: "" };
  const one = await statusOf(sandboxOf("main", someMachine, "one"));
  expect(stackScreen("prod", { ...one, faults: [hostile] })).toContain("FAULT  a⟦U+000D⟧b\n");
  const both = await several();
  expect(stackScreen("prod", { ...both, faults: [hostile] })).toContain("FAULT  a⟦U+000D⟧b\n");
});

test("two of one name are told apart by their machines, and each has its own", async () => {
  const status = await statusOf([...sandboxOf("main", someMachine, "one"), ...sandboxOf("main", other, "two")]);
  expect("sandboxes" in status && status.sandboxes.map(({ sandbox, model }) => [sandbox, model.configured])).toEqual([
    ["main on 127.0.0.1:22", "one"],
    ["main on 10.0.0.2:22", "two"],
  ]);
});

test("the only one of a stack is told as ever, with all of the stack's drift", async () => {
  const status = await statusOf([docker, ...sandboxOf("main", someMachine, "one")], "machine-docker");
  expect(Object.keys(status)).not.toContain("sandboxes");
  expect(status).toMatchObject({
    model: { configured: "one" },
    drift: [{ resource: "machine-docker", changes: ["running: true => false"] }],
  });
  expect(stackScreen("prod", status)).toMatch(/^stack +prod\n/);
});

test("one that is stopped is not called that where neither gateway nor Docker tells whether it runs", async () => {
  mark = '{"by":"anna","since":"2026-11-29T00:00:00Z"}';
  try {
    const embedded = sandboxOf("main", someMachine, "one");
    expect(await statusOf(embedded)).toMatchObject({ phase: "stopped", faults: [] });
    const openshell = embedded.map((one) => ({ ...one, inputs: { ...one.inputs, runtime: "openshell" } }));
    const status = await statusOf(openshell);
    expect(status).toMatchObject({
      phase: "unknown",
      stopped: { by: "anna" },
      sandboxRuns: "unknown",
      faults: [
        { found: expect.stringMatching(/^nobody knows whether the sandbox runs: OpenShell's gateway does not/) },
      ],
    });
    expect(stackScreen("prod", status)).not.toMatch(/^stopped;/m);
    const labels = ownerLabels(someMachine.owner);
    reported = ["", JSON.stringify({ phase: "Provisioning", labels }), "", "", "", "box\nasked\n"];
    const back = await statusOf(openshell);
    expect(back).toMatchObject({
      phase: "running",
      faults: [{ found: "the sandbox runs, though the environment is stopped on purpose" }],
    });
    expect(stackScreen("prod", back)).toMatch(/^sandbox +RUNS; to be stopped on purpose by anna /m);
  } finally {
    mark = "";
    reported = [];
  }
});

test.each(["", '{"by":"anna","since":"2026-11-29T00:00:00Z"}'])(
  "a full disk is a fault by the measure of a preflight, whether it runs or not: %s",
  async (marked) => {
    mark = marked;
    const full = async (MiB: number) => {
      freeKiB = MiB * 1024;
      const { faults } = await statusOf(sandboxOf("main", someMachine, "one"));
      return faults.filter(({ found }) => found.includes("free on"));
    };
    try {
      expect(await full(512)).toEqual([]);
      expect(await full(511)).toEqual([
        { found: "0.5 GiB are free on /", try: "make room: 0.5 GiB are needed, 40 GiB are well" },
      ]);
    } finally {
      [mark, freeKiB] = ["", 50e6];
    }
  },
);

test("a full disk is told once of a machine, whatever stands on it", async () => {
  freeKiB = 100 * 1024;
  try {
    const fullOn = async (machine: object) => {
      const { faults } = await statusOf([
        ...sandboxOf("main", someMachine, "one"),
        ...sandboxOf("second", machine, "two"),
      ]);
      return faults.filter(({ found }) => found.includes("free on"));
    };
    const hint = "make room: 0.5 GiB are needed, 40 GiB are well";
    expect(await fullOn(someMachine)).toEqual([{ found: "0.1 GiB are free on /", try: hint }]);
    expect(await fullOn(other)).toEqual(
      ["127.0.0.1:22", "10.0.0.2:22"].map((at) => ({ found: `0.1 GiB are free on / of ${at}`, try: hint })),
    );
  } finally {
    freeKiB = 50e6;
  }
});

test("an upgrade that was cut off is a fault of the sandbox whose it is, with what to do", async () => {
  cutOff.add("second-telegram");
  try {
    const { faults } = await several();
    expect(faults.filter(({ found }) => found.includes("upgrade"))).toEqual([
      {
        sandbox: "second",
        found: "an upgrade of second-telegram was cut off, and nobody knows whether it works",
        try: expect.stringMatching(/^scripts\/pulumi up --refresh -s prod: /),
      },
    ]);
    const one = await statusOf([...sandboxOf("second", someMachine, "one"), bridgeOf("second", someMachine)]);
    expect(JSON.stringify(one.faults)).toContain("an upgrade of second-telegram was cut off");
  } finally {
    cutOff.clear();
  }
});

describe("a machine of two that does not answer", () => {
  const resources = [docker, ...sandboxOf("main", someMachine, "one"), ...sandboxOf("second", other, "two")];
  beforeEach(() => void silent.add(other.id));
  afterEach(() => silent.clear());

  test("is a fault of its sandbox, and hides no other", async () => {
    const status = await statusOf(resources, "main-inference");
    if (!("sandboxes" in status)) throw new Error("one alone is shown");
    expect(status.sandboxes.map(({ sandbox }) => sandbox)).toEqual(["main"]);
    expect(status.faults).toContainEqual({
      sandbox: "second",
      found: "nothing is known of it: 10.0.0.2 does not answer",
      try: "see whether it is up",
    });
    expect(JSON.stringify(status.faults)).toContain("main-inference is not as the last update left it");
    expect(stackScreen("prod", status)).toMatch(
      /^stack +prod, sandbox main\n[\s\S]*\n\nFAULT {2}sandbox second: nothing is known of it: 10\.0\.0\.2 does not answer\n {2}try {2}see/,
    );
  });

  test("is told by doctor, too, beside what is wrong in each", async () => {
    const { faults } = await lookAtEnvironment("prod", stateOf(resources), connect);
    const found = faults.map((one) => one.found);
    expect(found).toContain("sandbox second: nothing is known of it: 10.0.0.2 does not answer");
    expect(found).toContain("sandbox main: the agent does not answer");
    silent.clear();
    const all = await lookAtEnvironment("prod", stateOf(resources), connect);
    expect(all.faults.map((one) => one.found)).toContain("sandbox second: the agent does not answer");
  });

  test("and has no sandbox is a fault of the stack", async () => {
    const both = [...sandboxOf("main", someMachine, "one"), ...sandboxOf("second", someMachine, "two")];
    const status = await statusOf([...both, resource("nemoclaw:host:DockerEngine", "other-docker", at(other))]);
    expect("sandboxes" in status && status.sandboxes).toHaveLength(2);
    expect(status.faults).toContainEqual({
      found: "nothing is known of what stands beside the sandboxes: local:def does not answer",
      try: "look at the machine, then run this again",
    });
  });

  test("is the error itself where none answers", async () => {
    silent.add(someMachine.id);
    await expect(statusOf(resources)).rejects.toThrow("127.0.0.1 does not answer");
  });
});
