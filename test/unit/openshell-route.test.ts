import { createHash } from "node:crypto";
import { describe, expect, test, vi } from "vitest";
import { canonical } from "../../policies/canonical.ts";
import { someMachine } from "../support/some-machine.ts";

/**
 * Inference under OpenShell 0.1.x, as plans. All of it is from-docs: what the steps say to the CLI was tried on a build of
 * 0.0.112, which has the same commands for profiles and providers; how a sandbox of 0.1.x takes it was not.
 */
vi.mock("../../host/lock.ts", async (original) => {
  const real = await original<typeof import("../../host/lock.ts")>();
  return { ...real, readLock: () => pinned(real.readLock()) };
});

function pinned(lock: import("../../host/lock.ts").Lock) {
  const { node } = lock.artifacts;
  const release = { version: "0.1.9", files: {} };
  return { ...lock, artifacts: { ...lock.artifacts, node, openshell: release } } as typeof lock;
}

const { ensureRoute, providerRoute } = await import("../../host/runtimes/openshell/provider-route.ts");
const { readLock } = await import("../../host/lock.ts");
const { profileHash, providerProfile } = await import("../../host/runtimes/openshell/provider-profile.ts");
type Facts = import("../../host/runtimes/openshell/provider-route.ts").ProviderRouteFacts;

const spec = {
  sandbox: "main",
  owner: someMachine.owner,
  baseUrl: "https://integrate.api.nvidia.com/v1",
  model: "org/m-1",
  key: "s3cret",
  running: true,
  enabled: true,
  inForce: true,
};
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const node = `/opt/nemoclaw/node/${readLock().artifacts.node?.version}/bin/node`;
const exported = { id: "nemoclaw-main", resource_version: 3, description: "" };
const note = (key = "s3cret") =>
  JSON.stringify({ baseUrl: spec.baseUrl, id: "p1", keyHash: sha256(`salt${key}`), resourceVersion: 2, salt: "salt" });

/** A machine on which all is as it should be. */
const right: Facts = {
  provider: { kind: "there", id: "p1", type: "nemoclaw-main", resourceVersion: 2 },
  profile: exported,
  profileNote: JSON.stringify({
    found: profileHash(exported),
    wanted: sha256(canonical(providerProfile(spec, node))),
  }),
  attached: true,
  note: note(),
  startedWith: note(),
  led: canonical({ baseUrl: spec.baseUrl, model: spec.model }),
  agent: { baseUrl: spec.baseUrl, model: spec.model },
  reported: { agent: undefined, answersAs: undefined, since: undefined },
};
const fresh: Facts = {
  provider: { kind: "absent" },
  profile: undefined,
  profileNote: undefined,
  attached: false,
  note: undefined,
  startedWith: undefined,
  led: undefined,
  agent: { baseUrl: "https://inference.local/v1", model: "routed" },
  reported: right.reported,
};
/** A turn that another model answered, after the agent was led to the wanted one. */
const stray: Facts["reported"] = {
  agent: { ready: true, lastModel: "else", lastModelAt: "2026-11-28T10:00:01.000Z" },
  answersAs: JSON.stringify({ model: spec.model, answersAs: spec.model }),
  since: "2026-11-28T10:00:00.000Z\n",
};

const restart =
  "restart the agent of main: under OpenShell 0.1.x a running process keeps the key that it was started with";
const write = "write /etc/nemoclaw/main/led/route.json";
const lead = (model: string) => `lead the agent of main to ${model}`;
const update = "update the inference provider nemoclaw-main";
const attach = "attach the inference provider to the sandbox main";

const ask = "ask integrate.api.nvidia.com for an answer of org/m-1";
const noted = "note since when the agent of main is led there";

const titles = (change: Partial<typeof spec> & { verify?: boolean }, now: Partial<Facts>) =>
  ensureRoute({ ...spec, verify: false, ...change })
    .plan({ ...right, ...now })
    .map(({ title }) => title);

describe("the plan of a route under 0.1.x (from-docs)", () => {
  test.each<[string, Partial<typeof spec>, Partial<Facts>, string[]]>([
    ["already right", {}, {}, []],
    [
      "fresh",
      {},
      fresh,
      [
        "import the provider profile nemoclaw-main",
        "create the inference provider nemoclaw-main",
        attach,
        write,
        restart,
        lead("org/m-1"),
      ],
    ],
    ["another model: the process stays", { model: "org/m-2" }, {}, [write, lead("org/m-2")]],
    ["another key: the process is started anew, and the title says why", { key: "other" }, {}, [update, restart]],
    ["a restart that was cut short is done", {}, { startedWith: note("older") }, [restart]],
    ["a sandbox made anew has nothing attached", {}, { attached: false }, [attach, restart]],
    [
      "somebody changed the provider",
      {},
      { provider: { kind: "there", id: "p1", type: "nemoclaw-main", resourceVersion: 9 } },
      [update, restart],
    ],
    [
      "somebody put another provider in its place",
      {},
      { provider: { kind: "there", id: "p9", type: "openai", resourceVersion: 1 } },
      ["make anew the inference provider nemoclaw-main", attach, restart],
    ],
    [
      "somebody changed the profile",
      {},
      { profile: { ...exported, description: "edited" } },
      ["update the provider profile nemoclaw-main"],
    ],
    ["somebody removed the profile", {}, { profile: undefined }, ["import the provider profile nemoclaw-main"]],
    [
      "the agent changed its own model",
      {},
      { agent: { baseUrl: spec.baseUrl, model: "else" } },
      [write, lead("org/m-1")],
    ],
    [
      "while it is stopped nothing is started or waited for",
      { running: false, model: "org/m-2", key: "other" },
      {},
      [update, write],
    ],
    ["the agent reports another model than it is led to", {}, { reported: stray }, [write, lead("org/m-1")]],
  ])("%s", (_it, change, now, wanted) =>
    expect(titles(change, now)).toEqual(wanted.length > 0 ? [...wanted, noted] : []),
  );

  test("the service is asked first, unless the stack says no, and not where nothing changes", () => {
    expect(titles({ verify: true }, fresh)[0]).toBe(ask);
    expect(titles({ verify: true, model: "org/m-2" }, {})).toEqual([
      ask.replace("m-1", "m-2"),
      write,
      lead("org/m-2"),
      noted,
    ]);
    expect(titles({ verify: true }, {})).toEqual([]);
  });

  test("another service: its profile, and the agent's settings", () => {
    expect(titles({ baseUrl: "https://models.example.com/v1" }, {})).toEqual([
      "update the provider profile nemoclaw-main",
      write,
      lead("org/m-1"),
      noted,
    ]);
  });

  test("no secret is in what is run, and the key reaches one process by its environment", () => {
    const commands = ensureRoute(spec).plan(fresh);
    for (const { script, shown } of commands) expect(`${script} ${shown}`).not.toContain("s3cret");
    expect(commands[2]?.script).toMatch(
      /^key=\$\(cat\)\nNEMOCLAW_INFERENCE_KEY=\$key runuser .* --credential NEMOCLAW_INFERENCE_KEY/,
    );
    expect(String(commands[2]?.stdin)).not.toContain("s3cret");
  });

  test("a gateway that does not answer ends in one message", () => {
    const facts: Facts = { ...right, provider: { kind: "unreachable", said: "client error (Connect)" } };
    expect(() => ensureRoute(spec).plan(facts)).toThrow(/does not answer.*inference route of main.*client error/s);
  });
});

describe("what a refresh shows under 0.1.x (from-docs)", () => {
  const observe = (now: Partial<Facts>) =>
    providerRoute.observe(spec, { box: { kind: "absent" }, route: { ...right, ...now } });

  test("nothing where all is as wanted", () => expect(observe({})).toEqual(spec));

  test.each<[string, Partial<Facts>, object]>([
    ["the agent's own model", { agent: { baseUrl: spec.baseUrl, model: "else" } }, { model: "else", inForce: false }],
    ["a model that the agent reports", { reported: stray }, { model: "else" }],
    [
      "the agent's own address",
      { agent: { baseUrl: "https://x.example/v1", model: spec.model } },
      { baseUrl: "https://x.example/v1" },
    ],
    [
      "a provider of another version",
      { provider: { kind: "there", id: "p1", type: "nemoclaw-main", resourceVersion: 9 } },
      { baseUrl: "changed at the gateway", key: "differs on the machine" },
    ],
    ["an edited profile", { profile: { ...exported, description: "edited" } }, { baseUrl: "changed at the gateway" }],
    ["a provider that is not attached", { attached: false }, { running: false }],
    ["a process that was started with another key", { startedWith: note("older") }, { key: "differs on the machine" }],
  ])("%s", (_it, now, drift) => expect(observe(now)).toMatchObject(drift));

  test("nothing left is gone", () => expect(observe(fresh)).toBe("gone"));
});
