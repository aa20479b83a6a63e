import { expect, test } from "vitest";
import { agentPackage } from "../../host/runtimes/embedded/install-agent.ts";
import { Dispatcher } from "../../provider/dispatch.ts";
import { sandboxResource } from "../../provider/handlers/sandbox.ts";
import { someMachine } from "../support/some-machine.ts";

const urn = "urn:pulumi:s::nemoclaw::nemoclaw:index:AgentSandbox$nemoclaw:host:Sandbox::main-sandbox";
const policy = (...read_write: string[]) => ({ version: 1, filesystem_policy: { include_workdir: true, read_write } });
const inputs = {
  machine: someMachine,
  sandbox: "main",
  runtime: "embedded",
  policy: policy("/tmp"),
  agent: { version: agentPackage().version },
  limits: { memory: "2500M", cpus: 1, pids: 512, logs: "100M" },
  running: true,
  enabled: true,
};

/** What a preview warns of, and what it would replace for. */
async function preview(olds: object, news: object) {
  const warnings: string[] = [];
  const plugin = new Dispatcher([sandboxResource], (_urn, message, kind) => {
    if (kind === "warning") warnings.push(message);
  });
  const { failures } = await plugin.check(urn, { ...olds }, { ...news });
  expect(failures).toBeUndefined();
  return { warnings, replaces: (await plugin.diff("id", urn, { ...olds }, { ...news })).replaces };
}

test("another static policy replaces the sandbox, and the preview says why and what stays", async () => {
  const { warnings, replaces } = await preview(inputs, { ...inputs, policy: policy("/srv/shared", "/tmp") });
  expect(replaces).toEqual(["policy"]);
  expect(warnings).toEqual([expect.stringMatching(/fixed when a sandbox starts: it is made anew .* workspace stays/)]);
});

test.each([
  ["a sandbox that is new", {}, inputs],
  ["one that stays as it is", inputs, inputs],
  ["other limits", inputs, { ...inputs, limits: { ...inputs.limits, pids: 600 } }],
])("%s warns of nothing", async (_it, olds, news) => {
  expect((await preview(olds, news)).warnings).toEqual([]);
});

test.each([{ version: "2020.1.1" }, { version: 2020 }, {}])(
  "an agent that is not the pinned one is refused: %j",
  async (agent) => {
    const { failures } = await new Dispatcher([sandboxResource], () => {}).check(urn, {}, { ...inputs, agent });
    const { lockfile, version } = agentPackage();
    const reason = `${lockfile} pins ${version}; another version needs its own lock file`;
    expect(failures).toEqual([{ property: "agent.version", reason }]);
  },
);

test("an agent whose version is not known yet is no fault of a preview", async () => {
  const agent = { version: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" };
  const { failures } = await new Dispatcher([sandboxResource], () => {}).check(urn, {}, { ...inputs, agent });
  expect(failures).toBeUndefined();
});
