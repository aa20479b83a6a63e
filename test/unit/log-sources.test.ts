import { expect, test } from "vitest";
import type { LogWanted } from "../../host/runtimes/log-source.ts";
import { printEntry } from "../../scripts/log-entry.ts";
import { logSourcesOf } from "../../scripts/log-sources.ts";
import { standingsIn } from "../../scripts/stack-command.ts";
import type { StackState, StateResource } from "../../scripts/stack-state.ts";
import { someMachine } from "../support/some-machine.ts";

const other = { ...someMachine, id: "local:def", address: "10.0.0.2" };
const resource = (type: string, name: string, inputs: Record<string, unknown>): StateResource => {
  return { urn: `urn:pulumi:prod::nemoclaw::${type}::${name}`, type, inputs, outputs: inputs };
};
const sandboxOf = (sandbox: string, machine: object, runtime = "embedded") =>
  resource("nemoclaw:host:Sandbox", sandbox, { machine, sandbox, runtime });
const logsOf = (named: string[], ...resources: StateResource[]) => {
  const state: StackState = { resources, find: (type) => resources.find((one) => one.type === type) };
  return logSourcesOf(standingsIn(state), named);
};
const wanted: LogWanted = { follow: false, lines: 10, denials: false };
const unitsIn = (script: string) => [...script.matchAll(/--unit (\S+)/g)].map(([, unit]) => unit);
const record = (unit: string) =>
  JSON.stringify({ __REALTIME_TIMESTAMP: "1795381604172000", _SYSTEMD_UNIT: unit, MESSAGE: "words" });

test("every sandbox of a stack is read, on its machine, and its entries bear its name", () => {
  const bridge = resource("nemoclaw:host:TelegramBridge", "b", { machine: other, sandbox: "second" });
  const logs = logsOf([], sandboxOf("main", someMachine), sandboxOf("second", other), bridge);
  expect(logs.map(({ machine }) => machine.address)).toEqual(["127.0.0.1", "10.0.0.2"]);
  const [main, second] = logs.map(({ sources }) => sources);
  expect(unitsIn(main?.[0]?.script(wanted) ?? "")).toContain("nemoclaw-sandbox@main.service");
  expect(unitsIn(second?.[0]?.script(wanted) ?? "")).toContain("nemoclaw-bridge@second.service");
  const entry = second?.[0]?.read(record("nemoclaw-sandbox@second.service"));
  expect(entry).toMatchObject({ sandbox: "second", part: "agent" });
  expect(entry && printEntry(entry)).toMatch(/Z {2}second {2}agent {3}words$/);
});

test("what two on one machine share is read once, and is nobody's", () => {
  const two = ["main", "second"].map((name) => sandboxOf(name, someMachine, "openshell"));
  const [machine, ...more] = logsOf([], ...two);
  expect(more).toEqual([]);
  const scripts = machine?.sources.map(({ script }) => script(wanted)) ?? [];
  const gateway = "nemoclaw-openshell.service";
  expect(scripts.flatMap(unitsIn).filter((unit) => unit === gateway)).toHaveLength(1);
  const entries = machine?.sources.flatMap(({ read }) => read(record(gateway)) ?? []);
  expect(entries).toMatchObject([{ part: "gateway" }]);
  expect(entries?.[0]).not.toHaveProperty("sandbox");
});

test("a part is read of those that have it, and one that nobody has is refused", () => {
  const bridge = resource("nemoclaw:host:TelegramBridge", "b", { machine: other, sandbox: "second" });
  const all = [sandboxOf("main", someMachine), sandboxOf("second", other), bridge];
  const logs = logsOf(["bridge"], ...all);
  expect(logs.map(({ machine }) => machine.address)).toEqual(["10.0.0.2"]);
  expect(logs.flatMap(({ sources }) => sources.flatMap(({ script }) => unitsIn(script(wanted))))).toEqual([
    "nemoclaw-bridge@second.service",
  ]);
  expect(() => logsOf(["tunnel"], ...all)).toThrow(
    "scripts/logs knows agent, gate, route, bridge, denials here; not tunnel",
  );
});

test("the only one of a stack is one journal, and its entries name no sandbox", () => {
  const [machine] = logsOf([], sandboxOf("main", someMachine));
  expect(machine?.sources).toHaveLength(1);
  expect(machine?.sources[0]?.read(record("nemoclaw-sandbox@main.service"))).not.toHaveProperty("sandbox");
});
