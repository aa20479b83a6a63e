import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Command } from "../../host/command.ts";
import { HostError } from "../../host/errors.ts";
import type { Host } from "../../host/host.ts";
import type { Question, Questions } from "../../host/question.ts";
import { stoppedPath } from "../../host/stopped.ts";
import { takeUp } from "../../scripts/environment-power.ts";
import { type Standing, standingsIn } from "../../scripts/stack-command.ts";
import type { StackState, StateResource } from "../../scripts/stack-state.ts";
import { servicesOf } from "../../scripts/state-record.ts";
import { someMachine } from "../support/some-machine.ts";

const other = { ...someMachine, id: "local:def", address: "10.0.0.2" };
const resource = (type: string, name: string, inputs: Record<string, unknown>): StateResource => {
  return { urn: `urn:pulumi:prod::nemoclaw::${type}::${name}`, type, inputs, outputs: inputs };
};
const sandboxOf = (sandbox: string, machine: object, runtime = "embedded") =>
  resource("nemoclaw:host:Sandbox", sandbox, { machine, running: true, sandbox, runtime });
const standingsOf = (...resources: StateResource[]) => {
  const state: StackState = { resources, find: (type) => resources.find((one) => one.type === type) };
  return standingsIn(state) as [Standing, ...Standing[]];
};

/** What was done on which machine, the one that does not answer, and what was written. */
const world = {
  standings: [] as Standing[],
  done: [] as string[],
  silent: "",
  stopped: "",
  /** Units that were stopped. */
  down: [] as string[],
  /** OpenShell's gateway is there and silent. */
  hangs: false,
  /** That run, by Docker's word. */
  containers: "",
  recorded: [] as string[],
  out: [] as string[],
  err: [] as string[],
};
const mark = '{"by":"anna","since":"2026-11-29T00:00:00Z"}';
/** Docker answers, and no gateway of OpenShell's. */
function answered(questions: Questions<unknown>): unknown {
  if (typeof (questions as Partial<Question<unknown>>).parse !== "function")
    return Object.fromEntries(Object.entries(questions).map(([key, inner]) => [key, answered(inner)]));
  const { script, parse } = questions as Question<unknown>;
  if (script.includes("docker ps")) return parse({ stdout: world.containers, exitCode: 0 });
  if (script.startsWith("systemctl is-active -- ")) {
    const units = script.split(" ").slice(3);
    return parse({
      stdout: units.map((unit) => (world.down.includes(unit) ? "inactive" : "active")).join("\n"),
      exitCode: 0,
    });
  }
  if (script.startsWith("( code=0; curl")) return parse({ stdout: "", exitCode: world.hangs ? 0 : 1 });
  const stands = world.stopped !== "" && script.includes(stoppedPath(world.stopped));
  return parse({ stdout: stands ? mark : "", exitCode: stands ? 0 : 1 });
}
const connect = async ({ machine }: Standing) => {
  if (machine.id === world.silent) throw new HostError("unreachable", { summary: `${machine.address} is silent` });
  return {
    machine,
    look: async (questions: Questions<unknown>) => answered(questions),
    apply: async (what: string, commands: readonly Command[]) => {
      world.done.push(`${machine.address}: ${what}: ${commands.map(({ title }) => title).join("; ")}`);
      for (const { title } of commands) {
        if (title === "stop the sandbox main") world.containers = "";
        if (title.startsWith("stop nemoclaw-")) world.down.push(...title.slice("stop ".length).split(", "));
      }
    },
  } as unknown as Host;
};
vi.mock("../../scripts/stack-command.ts", async (original) => ({
  ...(await original<typeof import("../../scripts/stack-command.ts")>()),
  findStandings: async () => world.standings,
  connect: (standing: Standing) => connect(standing),
  connectToOurs: (standing: Standing) => connect(standing),
}));
vi.mock("../../scripts/state-record.ts", async (original) => ({
  ...(await original<typeof import("../../scripts/state-record.ts")>()),
  recordInState: async (_stack: string, standings: readonly Standing[]) => {
    world.recorded.push(...standings.map(({ sandbox }) => sandbox));
  },
}));

const before = process.argv;
beforeEach(() => {
  Object.assign(world, { done: [], down: [], hangs: false, silent: "", stopped: "", recorded: [], out: [], err: [] });
  vi.spyOn(console, "log").mockImplementation((line) => void world.out.push(String(line)));
  vi.spyOn(console, "error").mockImplementation((line) => void world.err.push(String(line)));
});
afterEach(() => {
  vi.restoreAllMocks();
  process.argv = before;
});

/** Runs the script itself. @returns its exit code */
async function run(script: "stop" | "start", standings: Standing[], ...words: string[]): Promise<unknown> {
  world.standings = standings;
  process.argv = ["node", script, "-s", "prod", ...words];
  vi.resetModules();
  const code = process.exitCode;
  try {
    await import(`../../scripts/${script}.ts`);
    return process.exitCode;
  } finally {
    process.exitCode = code;
  }
}
const several = () => standingsOf(sandboxOf("main", someMachine), sandboxOf("second", other));

const stoppedUnits = (where: string) => {
  const [address, sandbox] = where.split(": ");
  const units = ["sandbox", "route", "gate"].map((part) => `nemoclaw-${part}@${sandbox}.service`).join(", ");
  return `${address}: stopped: ${units}: stop ${units}`;
};

test("every sandbox of a stack is taken down, its own doors too", async () => {
  const bridge = resource("nemoclaw:host:TelegramBridge", "b", { machine: other, sandbox: "second" });
  const standings = standingsOf(sandboxOf("main", someMachine), sandboxOf("second", other), bridge);
  expect(await run("stop", standings, "--why", "saving")).toBe(0);
  expect(world.done).toEqual([
    "127.0.0.1: stop main: write /etc/nemoclaw/main/stopped",
    "10.0.0.2: stop second: write /etc/nemoclaw/second/stopped; stop nemoclaw-bridge@second.service",
    ...["127.0.0.1: main", "10.0.0.2: second"].map(stoppedUnits),
  ]);
  expect(world.out).toEqual(
    ["main", "second"].map((name) =>
      expect.stringMatching(`^prod, sandbox ${name} is stopped on purpose by .*: saving$`),
    ),
  );
  expect(world.err).toEqual(["Up again: scripts/start -s prod"]);
  expect(world.recorded).toEqual(["main", "second"]);
});

test("one whose machine does not answer is told and fails the run, and keeps no other up", async () => {
  world.silent = someMachine.id;
  expect(await run("stop", several(), "--json")).toBe(1);
  expect(world.done).toEqual([expect.stringMatching(/^10\.0\.0\.2: stop second: /), stoppedUnits("10.0.0.2: second")]);
  expect(JSON.parse(world.out.join())).toEqual({
    sandboxes: [
      { sandbox: "main", error: expect.stringContaining("127.0.0.1 is silent") },
      { sandbox: "second", by: expect.any(String), since: expect.any(String) },
    ],
  });
  expect(world.err[0]).toMatch(/^prod, sandbox main: 127\.0\.0\.1 is silent/);
  expect(world.recorded).toEqual(["second"]);
  const urns = servicesOf(several().filter(({ sandbox }) => sandbox === "second"));
  expect(urns.map((urn) => urn.split("::").at(-1))).toEqual(["second"]);
});

test("a sandbox of OpenShell's whose gateway does not answer is taken down after its doors, by Docker, and that is said", async () => {
  world.containers = "box";
  expect(await run("stop", standingsOf(sandboxOf("main", someMachine, "openshell")))).toBe(0);
  expect(world.done).toEqual([
    "127.0.0.1: stop main: write /etc/nemoclaw/main/stopped",
    "127.0.0.1: the sandbox main, stopped: stop nemoclaw-sandbox@main.service; stop the sandbox main",
  ]);
  expect(world.err[0]).toMatch(/^prod: OpenShell's gateway does not answer; Docker stops the sandbox's container\. /);
  expect(world.out).toEqual([expect.stringMatching(/^prod is stopped on purpose by /)]);
});

test("a sandbox of OpenShell's whose gateway hangs is taken up with another start of that, and that is said before", async () => {
  world.hangs = true;
  const [standing] = standingsOf(sandboxOf("main", someMachine, "openshell"));
  const said: unknown[] = [];
  await takeUp(
    await connect(standing),
    standing,
    (stopped) => said.push(stopped),
    (remark) => said.push(remark),
  );
  expect(world.done).toEqual([
    expect.stringMatching(
      /^127\.0\.0\.1: start main: start \S+; restart OpenShell's gateway, .*; start the sandbox main; start /,
    ),
  ]);
  expect(said).toEqual([
    undefined,
    expect.stringMatching(/^OpenShell's gateway has said nothing for 60 s; the machine's is restarted, /),
  ]);
});

test.each(["stop", "start"] as const)(
  "where no machine answers %s tells each, records nothing and fails",
  async (script) => {
    world.silent = someMachine.id;
    const both = standingsOf(sandboxOf("main", someMachine), sandboxOf("second", someMachine));
    expect(await run(script, both)).toBe(1);
    expect(world.err.toSorted()).toEqual([
      "prod, sandbox main: 127.0.0.1 is silent",
      "prod, sandbox second: 127.0.0.1 is silent",
    ]);
    expect([world.out, world.recorded]).toEqual([[], []]);
  },
);

test("every one is taken up again, whichever was stopped", async () => {
  world.stopped = "second";
  expect(await run("start", several())).toBe(0);
  expect(world.done).toEqual([
    expect.stringMatching(/^127\.0\.0\.1: start main: start /),
    expect.stringMatching(/^10\.0\.0\.2: start second: remove \/etc\/nemoclaw\/second\/stopped; start /),
  ]);
  expect(world.out).toEqual(["prod, sandbox main is up", "prod, sandbox second is up"]);
  expect(world.err.toSorted()).toEqual([
    "prod, sandbox main was not stopped on purpose",
    "prod, sandbox second was stopped on purpose by anna since 2026-11-29T00:00:00Z",
  ]);
});

test("the only one of a stack is told as ever", async () => {
  const only = standingsOf(sandboxOf("main", someMachine));
  expect(await run("stop", only)).toBe(0);
  expect(world.out.splice(0)).toEqual([expect.stringMatching(/^prod is stopped on purpose by /)]);
  await run("stop", only, "--json");
  expect(Object.keys(JSON.parse(world.out.splice(0).join()))).toEqual(["by", "since"]);
  await run("start", only);
  expect(world.out).toEqual(["prod is up"]);
  world.silent = someMachine.id;
  expect(await run("stop", only)).toBe(1);
  expect(world.err.at(-1)).toMatch(/^127\.0\.0\.1 is silent/);
});
