import { describe, expect, test, vi } from "vitest";
import { explainFailure } from "../../host/failure.ts";
import type { Machine } from "../../host/machine.ts";
import type { Question, Questions } from "../../host/question.ts";
import { embedded } from "../../host/runtimes/embedded/runtime.ts";
import { ensureRoute, type RouteFacts } from "../../host/runtimes/openshell/managed-route.ts";
import { openshell } from "../../host/runtimes/openshell/runtime.ts";
import { Dispatcher } from "../../provider/dispatch.ts";
import { inferenceRoute } from "../../provider/handlers/inference-route.ts";
import { someMachine } from "../support/some-machine.ts";

/** Whether a service is asked before the agent is led there. How it is asked is in ask-service.test.ts. */
vi.mock("../../host/lock.ts", async (original) => {
  const real = await original<typeof import("../../host/lock.ts")>();
  return {
    ...real,
    readLock: () => {
      const lock = real.readLock();
      return { ...lock, artifacts: { ...lock.artifacts, openshell: { version: "0.0.112", files: {} } } };
    },
  };
});

const { owner } = someMachine;
const spec = {
  sandbox: "main",
  owner,
  baseUrl: "https://models.example.com/v1",
  model: "m-1",
  key: "s3cret",
  running: true,
  enabled: true,
  inForce: true,
};
const reported = { agent: undefined, answersAs: undefined, since: undefined };
const note = { baseUrl: spec.baseUrl, id: "p1", resourceVersion: 2, salt: "", keyHash: "of another key" };
/** The facts of a machine on which nothing that is asked for is there. */
const onNothing = <F>(questions: Questions<F>): F =>
  (isQuestion(questions)
    ? questions.parse({ stdout: "absent\n", exitCode: 1 })
    : Object.fromEntries(
        Object.entries(questions as Record<string, Questions<unknown>>).map(([name, part]) => [name, onNothing(part)]),
      )) as F;
const isQuestion = <F>(questions: Questions<F>): questions is Question<F> => "script" in (questions as object);

/** The provider stands, with another key than the wanted one. */
const otherKey: RouteFacts = {
  provider: { kind: "there", id: "p1", type: "openai", resourceVersion: 2 },
  inference: { provider: "nemoclaw-main", model: "m-1" },
  note: JSON.stringify(note),
  settings: { baseUrl: "https://inference.local/v1", model: "routed" },
  reported,
};
const fresh: RouteFacts = { ...otherKey, provider: { kind: "absent" }, inference: {}, note: undefined };
const plan = (facts: RouteFacts, change: Partial<typeof spec> & { verify?: boolean } = {}) =>
  ensureRoute({ ...spec, ...change }).plan(facts);

describe("what is asked where the stack does not say", () => {
  test.each(["https://models.example.com/v1", "http://192.168.1.4:8000/v1", "http://localhost:8000/v1"])(
    "under OpenShell %s, and the stack's word counts",
    async (baseUrl) => {
      const filled = async (verify?: boolean) => (await openshell.route.fill?.({ ...spec, baseUrl, verify }))?.verify;
      expect([await filled(), await filled(true), await filled(false)]).toEqual([true, true, false]);
    },
  );

  test("under the embedded runtime nothing, and all of it where the stack says so", async () => {
    const filled = await embedded.route.fill?.(spec);
    expect(filled?.verify).toBeUndefined();
    const titles = async (verify?: boolean) => {
      const step = await embedded.route.step({ ...spec, verify });
      return step.plan(onNothing(step.facts)).map(({ title }) => title);
    };
    expect((await titles(true))[0]).toBe("ask models.example.com for an answer of m-1");
    expect((await titles()).join()).not.toContain("ask ");
  });

  test("is no change of what stands", async () => {
    const urn = "urn:pulumi:s::nemoclaw::nemoclaw:host:InferenceRoute::main-inference";
    const plugin = new Dispatcher([inferenceRoute], () => {});
    const { owner: _, ...written } = spec;
    const inputs = { ...written, machine: someMachine, sandboxId: "x", runtime: "openshell" };
    const before = { ...inputs, verify: false };
    for (const baseUrl of ["http://localhost:8000/v1", spec.baseUrl]) {
      const { failures, inputs: filled } = await plugin.check(urn, {}, { ...inputs, baseUrl, verify: undefined });
      expect([failures, filled]).toEqual([undefined, expect.objectContaining({ verify: true })]);
    }
    expect((await plugin.diff("id", urn, before, { ...inputs, verify: true })).changes).toBe(false);
    expect((await plugin.diff("id", urn, inputs, { ...inputs, verify: true })).changes).toBe(false);
  });
});

describe("the plan under 0.0.11x", () => {
  const ask = "ask models.example.com for an answer of m-1";
  const [update, make] = ["update the inference provider nemoclaw-main", "make the inference provider nemoclaw-main"];
  const lead = "lead inference to m-1";
  const after = [
    "wait until sandboxes have taken up where inference leads",
    "note since when the agent of main is led there",
  ];
  test.each<[string, RouteFacts, object, string[]]>([
    ["a changed service is asked before the provider in use is touched", otherKey, {}, [ask, update, ...after]],
    ["not where the stack says no", otherKey, { verify: false }, [update, ...after]],
    ["also where nothing was led anywhere", fresh, {}, [ask, make, lead, ...after]],
    [
      "another model is asked for before it is set",
      otherKey,
      { model: "m-2" },
      [ask.replace("m-1", "m-2"), update, "lead inference to m-2", ...after],
    ],
  ])("%s", (_it, facts, change, wanted) => {
    expect(plan(facts, change).map(({ title }) => title)).toEqual(wanted);
  });

  test("asks the machine itself by the name that sandboxes have for it, and never with the key in a command", () => {
    const [first] = plan(fresh, { baseUrl: "http://localhost:8000/v1" });
    expect(first?.script).toContain("http://host.openshell.internal:8000/v1/chat/completions");
    for (const { script, shown } of plan(fresh)) expect(`${script} ${shown}`).not.toContain("s3cret");
  });

  test("the gateway is never left to ask, since it would do so from elsewhere", () => {
    expect(plan(fresh).find(({ title }) => title === lead)?.script).toContain("--no-verify");
  });

  test("a service that does not answer is one message with what to try", () => {
    const { message } = explainFailure({ address: "10.0.0.1" } as Machine, "inference route of main", plan(otherKey), {
      n: 0,
      exitCode: 1,
      said: "the service said 401: bad key",
      seconds: 1,
    });
    expect(message).toMatch(
      /^inference route of main on 10\.0\.0\.1: ask models\.example\.com .* failed\n.*said 401: bad key.*try {3}the agent is led as before; .*inference\.verify: false$/s,
    );
  });
});
