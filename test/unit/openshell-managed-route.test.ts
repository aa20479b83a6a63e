import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { withoutColours } from "../../host/runtimes/openshell/cli.ts";
import { parseInference, parseProvider } from "../../host/runtimes/openshell/inference-facts.ts";
import { ensureRoute, managedRoute, type RouteFacts } from "../../host/runtimes/openshell/managed-route.ts";
import { inferenceLocal } from "../../host/runtimes/openshell/paths.ts";
import { agentSettings } from "../../services/sandbox-supervisor/agent-settings.ts";
import { someMachine } from "../support/some-machine.ts";

/** What is seen of a route under OpenShell 0.0.11x. The files are what the CLI of a build of 0.0.112 wrote, colours and all. */
const recorded = (name: string, exitCode = 0) => ({
  stdout: withoutColours(readFileSync(`test/fixtures/openshell/${name}`, "utf8")),
  exitCode,
  unreachable: exitCode !== 0,
});

describe("the CLI's answers, recorded", () => {
  test("where inference leads", () => {
    expect(parseInference(recorded("inference-get.txt"))).toEqual({ provider: "nemoclaw-main", model: "demo-1" });
  });

  test("that it leads nowhere", () => expect(parseInference(recorded("inference-get-none.txt"))).toEqual({}));

  test("a model for OpenShell's own use is not the sandboxes'", () => {
    const { stdout } = recorded("inference-get-none.txt");
    const [, system = ""] = recorded("inference-get.txt").stdout.split("Inference:\n");
    expect(parseInference({ stdout: stdout.replace(/(System inference:\n).*/s, `$1${system}`), exitCode: 0 })).toEqual(
      {},
    );
  });

  test("a provider", () => {
    expect(parseProvider(recorded("provider-list.json"), "nemoclaw-main")).toEqual({
      kind: "there",
      id: "f255292c-2360-4746-9932-6e27d827d237",
      type: "openai",
      resourceVersion: 1,
    });
    expect(parseProvider(recorded("provider-list.json"), "nemoclaw-mai")).toEqual({ kind: "absent" });
  });

  test("no provider", () => {
    expect(parseProvider(recorded("provider-list-none.txt"), "nemoclaw-main")).toEqual({ kind: "absent" });
  });

  test("a gateway that is down says nothing of a provider", () => {
    expect(parseProvider(recorded("provider-list-down.txt", 1), "nemoclaw-main")).toEqual({
      kind: "unreachable",
      said: expect.stringMatching(/transport error|Connection refused/i),
    });
    expect(parseInference(recorded("provider-list-down.txt", 1))).toEqual({});
  });
});

const spec = {
  sandbox: "main",
  owner: someMachine.owner,
  baseUrl: "https://models.example.com/v1",
  model: "m-1",
  key: "s3cret",
  verify: false,
  running: true,
  enabled: true,
  inForce: true,
};
const keyHash = (key: string) => createHash("sha256").update(`salt${key}`).digest("hex");
const note = (change: object = {}) =>
  JSON.stringify({
    baseUrl: spec.baseUrl,
    id: "p1",
    resourceVersion: 2,
    salt: "salt",
    keyHash: keyHash("s3cret"),
    ...change,
  });
const led = "2026-11-28T10:00:00.000Z";
const turned = (
  lastModel: string,
  lastModelAt = "2026-11-28T10:00:01.000Z",
  answersAs: string | undefined = "m-1",
) => ({
  agent: { ready: true, lastModel, lastModelAt },
  answersAs: JSON.stringify({ model: "m-1", answersAs }),
  since: `${led}\n`,
});

/** A machine on which all is as it should be, and the agent answered by the model that it is led to. */
const right: RouteFacts = {
  provider: { kind: "there", id: "p1", type: "openai", resourceVersion: 2 },
  inference: { provider: "nemoclaw-main", model: "m-1" },
  note: note(),
  settings: inferenceLocal,
  reported: turned("m-1"),
};
const observe = (now: Partial<RouteFacts>) => managedRoute.observe(spec, { route: { ...right, ...now } });
const titles = (now: Partial<RouteFacts>) =>
  ensureRoute(spec)
    .plan({ ...right, ...now })
    .map(({ title }) => title);

const noted = "note since when the agent of main is led there";
const taken = "wait until sandboxes have taken up where inference leads";
const lead = "lead inference to m-1";
const update = "update the inference provider nemoclaw-main";
const own = "lead the agent's own settings of main back to inference.local";
const restarted = [
  "stop the sandbox main",
  "forget the agent's own settings of main, which its start writes anew",
  "start the sandbox main",
];

describe("what a refresh shows, and what mends it", () => {
  test("nothing where all is as wanted", () => {
    expect([observe({}), titles({})]).toEqual([spec, []]);
  });

  test.each<[string, Partial<RouteFacts>, object, string[]]>([
    [
      "a provider that somebody changed",
      { provider: { kind: "there", id: "p1", type: "openai", resourceVersion: 3 } },
      { baseUrl: "changed at the gateway", key: "differs on the machine" },
      [update, taken, noted],
    ],
    [
      "another provider under its name",
      { provider: { kind: "there", id: "p9", type: "openai", resourceVersion: 2 } },
      { baseUrl: "changed at the gateway" },
      [update, taken, noted],
    ],
    [
      "another service",
      { note: note({ baseUrl: "https://x.example/v1" }) },
      { baseUrl: "https://x.example/v1" },
      [update, taken, noted],
    ],
    [
      "another key",
      { note: note({ keyHash: keyHash("other") }) },
      { key: "differs on the machine" },
      [update, taken, noted],
    ],
    ["a note of ours that is gone", { note: undefined }, { key: "differs on the machine" }, [update, taken, noted]],
    [
      "another model",
      { inference: { provider: "nemoclaw-main", model: "m-9" } },
      { model: "m-9" },
      [lead, taken, noted],
    ],
    [
      "another provider in use",
      { inference: { provider: "theirs", model: "m-1" } },
      { running: false, inForce: false },
      [lead, taken, noted],
    ],
    ["no model", { inference: {} }, { running: false, inForce: false, model: "none" }, [lead, taken, noted]],
    [
      "a provider that is gone",
      { provider: { kind: "absent" }, inference: {} },
      { running: false, model: "none" },
      ["make the inference provider nemoclaw-main", lead, taken, noted],
    ],
    [
      "a provider that is gone while OpenShell still leads there, with which no sandbox starts well",
      { provider: { kind: "absent" } },
      { running: false, baseUrl: "changed at the gateway" },
      ["make the inference provider nemoclaw-main", lead, "stop the sandbox main", "start the sandbox main", noted],
    ],
    [
      "an agent that leads itself to another model",
      { settings: { ...inferenceLocal, model: "warm-up/ready" } },
      { model: "warm-up/ready", baseUrl: spec.baseUrl },
      [own, lead, taken, noted],
    ],
    [
      "an agent that leads itself to another service",
      { settings: { ...inferenceLocal, baseUrl: "http://127.0.0.1:1/v1" } },
      { baseUrl: "http://127.0.0.1:1/v1" },
      [own, lead, taken, noted],
    ],
    [
      "an agent that dropped the provider from its settings",
      { settings: { model: inferenceLocal.model } },
      { baseUrl: "none", model: spec.model },
      [lead, ...restarted, noted],
    ],
    [
      "an agent that dropped it and leads itself to another model",
      { settings: { model: "theirs/m-9" } },
      { baseUrl: "none", model: "theirs/m-9" },
      [lead, ...restarted, noted],
    ],
    [
      "an agent that dropped its model from its settings",
      { settings: { baseUrl: inferenceLocal.baseUrl } },
      { baseUrl: spec.baseUrl, model: "none" },
      [lead, ...restarted, noted],
    ],
    ["an agent that reports another model", { reported: turned("m-9") }, { model: "m-9" }, [lead, taken, noted]],
  ])("%s", (_it, now, drift, mended) => {
    expect(observe(now)).toMatchObject(drift);
    expect(titles(now)).toEqual(mended);
  });

  test("nothing of settings that the agent dropped while it is stopped: its start writes them anew", () => {
    const stopped = { ...spec, running: false };
    const now = { ...right, settings: { model: "theirs/m-9" } };
    expect(managedRoute.observe(stopped, { route: now })).toMatchObject({ baseUrl: spec.baseUrl, model: spec.model });
    expect(ensureRoute(stopped).plan(now)).toEqual([]);
  });

  test("of another key while it is stopped: nobody has to take it up", () => {
    const planned = ensureRoute({ ...spec, running: false }).plan({
      ...right,
      note: note({ keyHash: keyHash("other") }),
    });
    expect(planned.map(({ title }) => title)).toEqual([update, noted]);
  });

  test("nothing left is gone", () => {
    expect(observe({ provider: { kind: "absent" }, inference: {}, note: undefined })).toBe("gone");
    // OpenShell goes on to name a provider that was deleted.
    expect(observe({ provider: { kind: "absent" }, note: undefined })).toBe("gone");
  });

  test("a gateway that does not answer is not one without a route", () => {
    const now: Partial<RouteFacts> = {
      provider: { kind: "unreachable", said: "client error (Connect)" },
      inference: {},
    };
    expect(observe(now)).toMatchObject({ running: false });
    expect(() => titles(now)).toThrow(/does not answer.*inference route of main.*client error/s);
  });
});

describe("the model that the agent reports is no drift", () => {
  test.each<[string, Partial<RouteFacts>]>([
    ["before its first turn", { reported: { ...right.reported, agent: { ready: true } } }],
    ["while it does not answer", { reported: { ...right.reported, agent: undefined } }],
    ["of a turn before the last change", { reported: turned("m-0", "2026-11-28T09:59:59.999Z") }],
    ["of a turn under way at the last change", { reported: turned("m-0", led) }],
    [
      "when it is the name that the service had for it",
      { reported: turned("m-1-2026-05-01", undefined, "m-1-2026-05-01") },
    ],
    ["when the service had no name for it", { reported: { ...turned("m-9"), answersAs: '{"model":"m-1"}' } }],
    ["of a service that nobody asked", { reported: { ...turned("m-9"), answersAs: undefined } }],
    [
      "of a service that was asked for another model",
      { reported: { ...turned("m-9"), answersAs: '{"model":"m-0","answersAs":"m-0"}' } },
    ],
    [
      "of an attendant that tells no time",
      { reported: { ...right.reported, agent: { ready: true, lastModel: "m-9" } } },
    ],
    ["of a machine where it was not noted", { reported: { ...turned("m-9"), since: undefined } }],
    ["when an answer had no name in it", { reported: turned("routed") }],
    ["when its settings cannot be read", { settings: {} }],
  ])("%s", (_it, now) => expect([observe(now), titles(now)]).toEqual([spec, []]));

  test("and what it calls its own model is what it asks inference.local for", () => {
    const { agents } = agentSettings({ workspace: "/sandbox", state: "/agent/state" }) as {
      agents: { defaults: { model: { primary: string } } };
    };
    expect(agents.defaults.model.primary).toBe(`inference/${inferenceLocal.model}`);
  });
});
