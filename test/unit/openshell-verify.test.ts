import { describe, expect, test } from "vitest";
import { explainFailure } from "../../host/failure.ts";
import type { Machine } from "../../host/machine.ts";
import { embedded } from "../../host/runtimes/embedded/runtime.ts";
import { ensureRoute, managedRoute, type RouteFacts } from "../../host/runtimes/openshell/managed-route.ts";
import { providerRoute } from "../../host/runtimes/openshell/provider-route.ts";
import { isVerified } from "../../host/runtimes/openshell/verification.ts";
import { Dispatcher } from "../../provider/dispatch.ts";
import { inferenceRoute } from "../../provider/handlers/inference-route.ts";
import { someMachine } from "../support/some-machine.ts";

/** Whether OpenShell's gateway asks an inference service before it leads the agent there. */
const inputs = {
  sandbox: "main",
  baseUrl: "https://models.example.com/v1",
  model: "m-1",
  key: "s3cret",
  running: true,
  enabled: true,
  inForce: true,
};
const spec = { ...inputs, owner: someMachine.owner };
const note = { baseUrl: spec.baseUrl, id: "p1", resourceVersion: 2, salt: "", keyHash: "of another key" };
/** The provider stands, with another key than the wanted one. */
const otherKey: RouteFacts = {
  provider: { kind: "there", id: "p1", type: "openai", resourceVersion: 2 },
  inference: { provider: "nemoclaw-main", model: "m-1" },
  note: JSON.stringify(note),
};
const fresh: RouteFacts = { provider: { kind: "absent" }, inference: {}, note: undefined };
const plan = (facts: RouteFacts, change: Partial<typeof spec> & { verify?: boolean } = {}) =>
  ensureRoute({ ...spec, ...change }).plan(facts);
const titles = (...of: Parameters<typeof plan>) => plan(...of).map(({ title }) => title);

describe("what is asked where the stack does not say", () => {
  test.each<[string, boolean]>([
    ["https://integrate.api.nvidia.com/v1", true],
    ["https://models.example.com/v1", true],
    ["http://demo.nemoclaw.internal:8080/v1", false],
    ["http://192.168.1.4:8000/v1", false],
    ["http://models:8000/v1", false],
    ["http://localhost:8000/v1", false],
    ["http://[::1]:8000/v1", false],
  ])("%s: %s", (baseUrl, verified) => {
    expect(isVerified({ baseUrl })).toBe(verified);
    expect(managedRoute.fill?.({ ...spec, baseUrl })).toMatchObject({ verify: verified });
  });

  test("the stack's word counts", () => {
    expect(isVerified({ baseUrl: spec.baseUrl, verify: false })).toBe(false);
    expect(isVerified({ baseUrl: "http://192.168.1.4/v1", verify: true })).toBe(true);
  });
});

describe("what cannot be asked is refused at preview, with the reason", () => {
  const fault = (route: { judge?: typeof managedRoute.judge }, baseUrl: string, verify?: boolean) =>
    route.judge?.({ ...spec, baseUrl, verify }, undefined).fault?.message;

  test("the machine's own loopback, whose name exists only inside sandboxes", () => {
    expect(fault(managedRoute, "http://localhost:8000/v1", true)).toMatch(
      /^inference\.verify: true cannot be done for http:\/\/localhost:8000\/v1: .* host\.openshell\.internal, .*gateway.* leave/,
    );
    expect(fault(managedRoute, "http://localhost:8000/v1", false)).toBeUndefined();
    expect(fault(managedRoute, "http://localhost:8000/v1")).toBeUndefined();
    expect(fault(managedRoute, "http://192.168.1.4:8000/v1", true)).toBeUndefined();
  });

  test("runtimes without a gateway that asks", () => {
    expect(fault(providerRoute, spec.baseUrl, true)).toMatch(/under OpenShell 0\.1\.x/);
    expect(fault(embedded.route, spec.baseUrl, true)).toMatch(/is for OpenShell/);
    for (const route of [providerRoute, embedded.route]) expect(fault(route, spec.baseUrl, false)).toBeUndefined();
  });

  test("by the plugin's own check", async () => {
    const urn = "urn:pulumi:s::nemoclaw::nemoclaw:host:InferenceRoute::main-inference";
    const plugin = new Dispatcher([inferenceRoute], () => {});
    const wanted = { ...inputs, machine: someMachine, sandboxId: "x", runtime: "embedded" };
    expect((await plugin.check(urn, {}, { ...wanted, verify: true })).failures).toEqual([
      { property: "verify", reason: expect.stringContaining("is for OpenShell") },
    ]);
    expect((await plugin.check(urn, {}, wanted)).failures).toBeUndefined();
    // How a change is made is no change of what stands.
    expect((await plugin.diff("id", urn, { ...wanted, verify: true }, { ...wanted, verify: false })).changes).toBe(
      false,
    );
    expect((await plugin.diff("id", urn, wanted, { ...wanted, verify: true })).changes).toBe(false);
  });
});

describe("the plan", () => {
  const ask = "ask models.example.com for an answer of m-1";
  const [update, make] = ["update the inference provider nemoclaw-main", "make the inference provider nemoclaw-main"];
  test.each<[string, RouteFacts, object, string[]]>([
    [
      "a changed service is asked before the provider in use is touched",
      otherKey,
      {},
      [ask, update, "lead inference to m-1"],
    ],
    ["not where the stack says no", otherKey, { verify: false }, [update]],
    ["where nothing was led anywhere there is nothing to keep", fresh, {}, [make, "lead inference to m-1"]],
  ])("%s", (_it, facts, change, wanted) => expect(titles(facts, change)).toEqual(wanted));

  test("a model alone is verified by the call that sets it", () => {
    const [set] = plan(fresh).slice(1);
    expect(set?.script).toContain("inference set --provider nemoclaw-main --model m-1 --timeout 300 >");
    expect(plan(fresh, { verify: false })[1]?.script).toContain("--timeout 300 --no-verify");
  });

  test("what was asked is led to at once, by a provider of its own, which goes when the real one has it", () => {
    const [first, , last] = plan(otherKey);
    expect(first?.script).toMatch(
      /provider delete nemoclaw-main-next.*\|\| true\nOPENAI_API_KEY=\$\{key:-unused\} .*provider create --name nemoclaw-main-next/,
    );
    expect(first?.script).toMatch(/inference set --provider nemoclaw-main-next --model m-1 --timeout 300 .*\|\| \{/);
    expect(last?.script).toMatch(
      /inference set --provider nemoclaw-main .*--no-verify.*\n.*provider delete nemoclaw-main-next/,
    );
    expect(`${first?.script} ${first?.shown}`).not.toContain("s3cret");
  });

  test("a service that does not answer is one message with what to try", () => {
    const said =
      "Error:   × status: FailedPrecondition, message: \"failed to verify\n  │ inference endpoint for provider 'x': upstream rejected credentials";
    const { message } = explainFailure({ address: "10.0.0.1" } as Machine, "inference route of main", plan(otherKey), {
      n: 0,
      exitCode: 1,
      said,
      seconds: 1,
    });
    expect(message).toMatch(
      /^inference route of main on 10\.0\.0\.1: ask models\.example\.com .* failed\n.*try {3}the agent is still led where it was; .*inference\.verify: false$/s,
    );
  });
});
