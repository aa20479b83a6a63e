import { expect, test } from "vitest";
import { agentPackage } from "../../host/runtimes/embedded/install-agent.ts";
import { mergePolicies } from "../../policies/merge.ts";
import { Dispatcher } from "../../provider/dispatch.ts";
import { sandboxResource } from "../../provider/handlers/sandbox.ts";
import { authoritiesIn } from "../../review/authorities.ts";
import { isMadeAnew } from "../../review/preview/made-anew.ts";
import { remadeFor } from "../../review/revisions/expected-remaking.ts";
import type { StackAt } from "../../review/revisions/stack-at.ts";
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

/** The same as the settings of a stack. */
function configured(change: Record<string, unknown>): StackAt {
  const { image, machine = least.machine, mirrors = {}, ...rest } = { ...least, ...change } as Record<string, unknown>;
  const { gpu, address } = machine as typeof someMachine;
  const settings = {
    ...rest,
    machine: { kind: "existing", gpu, address },
    runtime: { kind: "openshell", image },
    mirrors,
  };
  return { settings, policy: mergePolicies([]), sources: new Map(), runtime: "openshell" };
}

test.each<[string, Record<string, unknown>, boolean]>([
  ["nothing", {}, false],
  ["limits that apply to a running one", { limits: { ...limits, cpus: 2, pids: 600, logs: "200M" } }, false],
  ["memory that leaves the agent's heap as it is", { limits: { ...limits, memory: "2501M" } }, false],
  ["memory that gives the agent another heap", { limits: { ...limits, memory: "8G" } }, true],
  ["an image of its own", { image: "registry.example.com/box:1" }, true],
  ["authorities", { mirrors: { ca: "-----BEGIN CERTIFICATE-----\n" } }, true],
  ["mirrors, which a made image does not show", { mirrors: { npm: "https://npm.example.com" } }, false],
  ["GPUs", { machine: { ...someMachine, gpu: { model: "L4", count: 1 } } }, true],
  ["another way to the machine", { machine: { ...someMachine, user: "other" } }, false],
])("%s: a review knows whether the sandbox is made anew", async (_, change, anew) => {
  expect(isMadeAnew(await filled({}), await filled(change))).toBe(anew);
  const { ca } = (change.mirrors ?? {}) as { ca?: string };
  const beside = { versions: [], authorities: [undefined, authoritiesIn(ca)] } as const;
  expect(remadeFor(configured({}), configured(change), beside).length > 0).toBe(anew);
});
