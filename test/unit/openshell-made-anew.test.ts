import { expect, test } from "vitest";
import { agentPackage } from "../../host/runtimes/embedded/install-agent.ts";
import { Dispatcher } from "../../provider/dispatch.ts";
import { sandboxResource } from "../../provider/handlers/sandbox.ts";
import { isMadeAnew } from "../../review/made-anew.ts";
import { someMachine } from "../support/some-machine.ts";

// What the plugin itself writes of a sandbox under OpenShell, read as a review reads it.

const urn = "urn:pulumi:s::nemoclaw::nemoclaw:index:AgentSandbox$nemoclaw:host:Sandbox::main-sandbox";
const limits = { memory: "2500M", cpus: 1, pids: 512, logs: "100M" };
const least = {
  machine: someMachine,
  sandbox: "main",
  runtime: "openshell",
  policy: { version: 1, filesystem_policy: { include_workdir: true, read_write: ["/tmp"] } },
  agent: { version: agentPackage().version },
  limits,
  running: true,
  enabled: true,
};

async function filled(change: object) {
  const { inputs, failures } = await new Dispatcher([sandboxResource], () => {}).check(
    urn,
    {},
    { ...least, ...change },
  );
  expect(failures).toBeUndefined();
  return { type: sandboxResource.type, inputs };
}

test.each<[string, object, boolean]>([
  ["nothing", {}, false],
  ["limits that apply to a running one", { limits: { ...limits, cpus: 2, pids: 600, logs: "200M" } }, false],
  ["memory that leaves the agent's heap as it is", { limits: { ...limits, memory: "2501M" } }, false],
  ["memory that gives the agent another heap", { limits: { ...limits, memory: "8G" } }, true],
  ["an image of its own", { image: "registry.example.com/box:1" }, true],
  ["authorities", { mirrors: { ca: "-----BEGIN CERTIFICATE-----\n" } }, true],
  ["mirrors, which a made image does not show", { mirrors: { npm: "https://npm.example.com" } }, false],
  ["GPUs", { machine: { ...someMachine, gpu: { model: "L4", count: 1 } } }, true],
  ["another way to the machine", { machine: { ...someMachine, address: "192.0.2.1" } }, false],
])("%s: a review of a preview knows whether the sandbox is made anew", async (_, change, anew) => {
  expect(isMadeAnew(await filled({}), await filled(change))).toBe(anew);
});
