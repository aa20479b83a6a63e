import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import type { Owner } from "../../host/machine.ts";
import type { SandboxSpec } from "../../host/runtimes/runtime.ts";
import type { Step } from "../../host/step.ts";
import { startFakeHost } from "../support/fake-host.ts";
import { putProgram, withStandIns } from "../support/stand-ins.ts";

/**
 * Whose a sandbox is, in every part of the OpenShell runtime: ours, nobody's, somebody else's under our name, or unknown because
 * the gateway does not answer. The answers are recorded from a real one.
 */
let version = "0.0.112";
vi.mock("../../host/lock.ts", async (original) => {
  const real = await original<typeof import("../../host/lock.ts")>();
  const readLock = () => {
    const lock = structuredClone(real.readLock());
    lock.artifacts.openshell = { version, files: {} };
    return lock;
  };
  return { ...real, readLock };
});

const { attachCommand } = await import("../../host/runtimes/openshell/attach-command.ts");
const { boxOf, ensureBox, ensureNoBox } = await import("../../host/runtimes/openshell/box.ts");
const { isOurs, mustBeOurs } = await import("../../host/runtimes/openshell/box-owner.ts");
const { managedRoute } = await import("../../host/runtimes/openshell/managed-route.ts");
const { network } = await import("../../host/runtimes/openshell/network.ts");
const { parsePolicy, waitUntilLoaded } = await import("../../host/runtimes/openshell/loaded-policy.ts");
const { providerRoute } = await import("../../host/runtimes/openshell/provider-route.ts");
const { report } = await import("../../host/runtimes/openshell/report.ts");
const { sandbox } = await import("../../host/runtimes/openshell/sandbox.ts");
const { parseBox } = await import("../../host/runtimes/openshell/sandbox-facts.ts");
const { inferenceRoute } = await import("../../provider/handlers/inference-route.ts");
const { networkPolicy } = await import("../../provider/handlers/network-policy.ts");

type Which = "ours" | "absent" | "foreign" | "unreachable";
type Answer = { readonly exitCode: number; readonly stdout: string };
const recorded = parse(
  readFileSync(resolve(import.meta.dirname, "../fixtures/openshell/boxes.yaml"), "utf8"),
) as Record<Which, { readonly get: Answer; readonly policy: Answer }> & { readonly owner: Owner };
const { owner } = recorded;
const all = ["ours", "absent", "foreign", "unreachable"] as const;
const said = (answer: Answer) => ({ ...answer, unreachable: /transport error/.test(answer.stdout) });
const box = (which: Which) => parseBox(said(recorded[which].get));
const policy = (which: Which) => parsePolicy(said(recorded[which].policy));

const whose = { sandbox: "main", owner };
const foreign = /sandbox main that this package did not make; it was not touched[\s\S]*openshell sandbox delete main/;
const titles = (step: Step<unknown>, facts: unknown) => step.plan(facts).map(({ title }) => title);

describe("what OpenShell says of a sandbox, as recorded", () => {
  test.each<[Which, object]>([
    ["ours", { kind: "there", phase: "Ready", labels: { "nemoclaw.agent": "2026.9.6" }, policy: { version: 1 } }],
    ["absent", { kind: "absent" }],
    ["foreign", { kind: "there", phase: "Ready", labels: {} }],
    ["unreachable", { kind: "unreachable", said: expect.stringMatching(/transport error[\s\S]*Connection refused/) }],
  ])("%s", (which, facts) => expect(box(which)).toMatchObject(facts));

  test.each<[Which, object]>([
    ["ours", { kind: "there", version: 1, hash: expect.stringMatching(/^1e6fcc7b/), policy: { version: 1 } }],
    ["absent", { kind: "absent" }],
    ["foreign", { kind: "there", version: 1, hash: expect.stringMatching(/^dcf2c584/) }],
    ["unreachable", { kind: "unreachable", said: expect.stringContaining("transport error") }],
  ])("its policy, %s", (which, facts) => expect(policy(which)).toMatchObject(facts));

  test("what is no JSON is no sandbox that is gone", () => {
    const answer = said({ exitCode: 0, stdout: "No such luck" });
    for (const read of [parseBox, parsePolicy])
      expect(read(answer)).toEqual({ kind: "unreachable", said: "not JSON: No such luck" });
  });
});

describe("whose a sandbox is", () => {
  test.each<[string, Which, Owner, boolean]>([
    ["ours", "ours", owner, true],
    ["of another stack", "ours", { ...owner, stack: "other" }, false],
    ["of another project", "ours", { ...owner, project: "other" }, false],
    ["of another installation of the same stack", "ours", { ...owner, installation: "other" }, false],
    ["of somebody who labels nothing", "foreign", owner, false],
  ])("%s", (_, which, of, is) => {
    const now = box(which);
    expect(now.kind === "there" && isOurs(now, of)).toBe(is);
  });

  test("one of somebody else's is an error that names it, and what it tells of itself", () => {
    expect(() => mustBeOurs(box("foreign"), whose)).toThrow(foreign);
    expect(() => mustBeOurs(box("ours"), { ...whose, owner: { ...owner, stack: "b" } })).toThrow(
      /sandbox main of stack local-test-h1; it was not touched/,
    );
    for (const which of ["ours", "absent", "unreachable"] as const) mustBeOurs(box(which), whose);
  });
});

const spec: SandboxSpec = {
  ...whose,
  arch: "amd64",
  policy: { version: 1, filesystem_policy: { read_only: ["/usr"], read_write: ["/tmp"] } },
  agent: { version: "2026.9.6" },
  limits: { memory: "2G", cpus: 2, pids: 512, logs: "64M" },
  running: true,
  enabled: true,
};
const made = await boxOf(spec);
const container = { id: "c", memoryBytes: 2 * 1024 ** 3, cpus: 2, pids: 512 };

describe("what a sandbox is made from", () => {
  const recipeOf = async (change: Partial<SandboxSpec>) => (await boxOf({ ...spec, ...change })).recipe;

  test("has one short name", async () => {
    expect(made.recipe).toMatch(/^[0-9a-f]{12}$/);
    expect(await recipeOf({})).toBe(made.recipe);
    expect(made.command.slice(0, 2)).toEqual([
      expect.stringMatching(/^\/opt\/nemoclaw\/node\/.*\/node$/),
      expect.stringMatching(/main-process\.mjs$/),
    ]);
  });

  test.each<[string, Partial<SandboxSpec>]>([
    ["whether it runs", { running: false }],
    ["limits that change in place", { limits: { ...spec.limits, cpus: 1, pids: 64 } }],
    ["mirrors", { mirrors: { npm: "https://npm.example" } }],
    ["whose it is", { owner: { ...owner, stack: "other" } }],
    [
      "the order of its policy's keys",
      { policy: { filesystem_policy: { read_write: ["/tmp"], read_only: ["/usr"] }, version: 1 } },
    ],
  ])("which does not change with %s", async (_, change) => expect(await recipeOf(change)).toBe(made.recipe));

  test.each<[string, Partial<SandboxSpec>]>([
    ["its policy", { policy: { version: 1, filesystem_policy: { read_only: ["/usr"], read_write: ["/srv"] } } }],
    ["its agent", { agent: { version: "2026.9.7" } }],
    ["its GPUs", { gpus: 1 }],
    ["the agent's heap, which follows the memory", { limits: { ...spec.limits, memory: "8G" } }],
  ])("and does with %s", async (_, change) => expect(await recipeOf(change)).not.toBe(made.recipe));

  test.each([
    ["0.0.111", "0.0.111", true],
    ["0.1.9 (from-docs)", "0.1.9", true],
  ])(
    "and with the release %s, where the gateway does not renew a supervisor or leads otherwise",
    async (_, other, is) => {
      try {
        version = other;
        expect((await recipeOf({})) !== made.recipe).toBe(is);
      } finally {
        version = "0.0.112";
      }
    },
  );
});

describe("the plan of a sandbox", () => {
  const now = (change: object) => ({ ...box("ours"), ...change });
  const labels = { ...(box("ours") as { labels: object }).labels, "nemoclaw.recipe": made.recipe };
  const right = now({ labels });
  const [make, join, remove, stop, limit] = [
    "make the sandbox main",
    "join the attendant to the agent of main",
    "delete the sandbox main",
    "stop the sandbox main",
    "limit the sandbox main",
  ];

  test.each<[string, object, object | undefined, boolean, string[]]>([
    ["right already", right, container, true, []],
    ["none", box("absent"), undefined, true, [make, join]],
    ["none, while it is stopped", box("absent"), undefined, false, [make, stop]],
    ["made from something else", box("ours"), container, true, [remove, make, join]],
    [
      "ended, which OpenShell never starts again",
      now({ labels, phase: "Error" }),
      container,
      true,
      [remove, make, join],
    ],
    ["stopped", now({ labels, phase: "Stopped" }), container, true, ["start the sandbox main", join]],
    ["stopped, while it is stopped", now({ labels, phase: "Stopped" }), container, false, []],
    ["running, while it is stopped", right, container, false, [stop]],
    ["other limits", right, { ...container, cpus: 1 }, true, [limit]],
    ["no container that Docker shows", right, undefined, true, []],
  ])("%s", (_, found, has, running, wanted) =>
    expect(titles(ensureBox({ ...made, spec: { ...spec, running } }), { box: found, container: has })).toEqual(wanted),
  );

  test("somebody else's is not taken over", () => {
    expect(() => ensureBox(made).plan({ box: box("foreign"), container: undefined })).toThrow(foreign);
  });

  test("a gateway that does not answer is an error, not a sandbox to be made", () => {
    expect(() => ensureBox(made).plan({ box: box("unreachable"), container })).toThrow(
      /does not answer, so nothing is known of the sandbox main[\s\S]*Connection refused/,
    );
  });

  test("a look takes somebody else's for ours being gone", () => {
    const facts = { container: undefined, unit: {}, answering: {}, logs: {} };
    expect(sandbox.observe(spec, { ...facts, box: { box: box("foreign"), container: undefined } })).toBe("gone");
  });
});

describe("the definition of a sandbox, by which a preview sees whether it is made anew", () => {
  const ours = {
    ...box("ours"),
    labels: { ...(box("ours") as { labels: object }).labels, "nemoclaw.recipe": made.recipe },
  };
  test.each<[string, object, string]>([
    ["as it was made", ours, made.recipe],
    ["stopped", { ...ours, phase: "Stopped" }, made.recipe],
    ["ended", { ...ours, phase: "Error" }, "ended"],
    ["behind a gateway that does not answer", box("unreachable"), "unknown"],
  ])("%s", (_, now, wanted) => {
    const unit = {
      state: { activeState: "active", unitFileState: "enabled" },
      file: { kind: "file", sha256: "a1b2c3" },
    };
    const beside = { line: { link: version, says: version }, unit, answering: { ready: true }, logs: { logs: "100M" } };
    expect(sandbox.observe(spec, { ...beside, box: { box: now, container } })).toMatchObject({
      definition: `a1b2c3 ${wanted}`,
    });
  });
});

describe("the removal of a sandbox", () => {
  test.each<[Which, object | undefined, string[], string[]]>([
    ["ours", container, ["delete the sandbox main"], []],
    ["absent", undefined, [], []],
    [
      "foreign",
      undefined,
      [],
      ["this machine's OpenShell has a sandbox main that this package did not make; it was left as it is"],
    ],
    [
      "unreachable",
      container,
      ["remove the container of the sandbox main, whose gateway does not answer"],
      ["OpenShell's gateway does not answer any more; the container of the sandbox main is removed without it"],
    ],
    [
      "unreachable",
      undefined,
      [],
      ["OpenShell's gateway does not answer any more; Docker shows no container of the sandbox main"],
    ],
  ])("%s, with the container %j", (which, has, wanted, remarks) => {
    const facts = { box: box(which), container: has as typeof container };
    expect(titles(ensureNoBox(whose), facts)).toEqual(wanted);
    expect(ensureNoBox(whose).remarks?.(facts)).toEqual(remarks);
  });

  test("which goes by what has our workspace, and not by a name that another gateway may use", () => {
    const facts = { box: box("unreachable"), container };
    const [command] = ensureNoBox(whose).plan(facts);
    expect(command?.script).toContain("--filter volume=/var/lib/nemoclaw/main/workspace");
  });
});

describe("a network policy", () => {
  const wanted = { ...whose, networkPolicies: {}, approval: "manual", inForce: true };
  const other = {
    ...wanted,
    networkPolicies: { a: { endpoints: [{ host: "a.example", port: 443 }], binaries: [{ path: "/usr/bin/curl" }] } },
  };
  const facts = (which: Which, of: Which | "unloaded" | "ofGateway" = which) => {
    const seen = of === "unloaded" || of === "ofGateway" ? boxAs(of) : box(of);
    return { box: seen, addresses: [], approval: undefined, policy: { box: seen, policy: policy(which) } };
  };
  // What a real one answers, with the numbers of a policy that it could not load, and of one that is set for all.
  const boxAs = (of: "unloaded" | "ofGateway") => {
    const { stdout } = recorded.ours.get;
    const changed =
      of === "unloaded"
        ? stdout.replace('"current_policy_version": 1', '"current_policy_version": 0')
        : stdout.replace('"policy_source": "sandbox"', '"policy_source": "global"');
    expect(changed).not.toBe(stdout);
    return parseBox(said({ exitCode: 0, stdout: changed }));
  };
  const wait = "wait until main has its network policy loaded";
  const step = (of: typeof wanted | typeof other) => network.step(of as typeof wanted) as Step<unknown>;

  test("is loaded where the sandbox is ours", () => {
    expect(titles(step(wanted), facts("ours"))).toEqual([]);
    expect(titles(step(other), facts("ours"))).toEqual([
      expect.stringContaining("policy"),
      "load the network policy of main",
      wait,
    ]);
  });

  test("that the sandbox did not load is not in force, and is waited for and not set again", () => {
    const now = facts("ours", "unloaded");
    expect(network.observe(wanted, now)).toMatchObject({ inForce: false });
    expect(titles(step(wanted), now)).toEqual([wait]);
  });

  test("that was set by somebody else is kept for the sandbox that is made next", () => {
    const live = policy("ours");
    if (live.kind !== "there") throw new Error("it is there");
    const set = { ...live, policy: { ...live.policy, network_policies: other.networkPolicies } };
    const now = (kept: unknown) => ({ ...facts("ours"), policy: { box: box("ours"), policy: set, kept } });
    const write = "write /etc/nemoclaw/main/openshell-live-policy.json";
    expect(titles(step(other), now({}))).toEqual([write]);
    expect(titles(step(other), now(undefined))).toEqual([write]);
    expect(titles(step(other), now(other.networkPolicies))).toEqual([]);
  });

  test("of an environment that is stopped on purpose is set, and nothing waits for it", () => {
    const stopped = { ...other, inForce: false };
    const planned = (step(stopped) as Step<unknown>).plan(facts("ours", "unloaded"));
    expect(planned.map(({ title }) => title)).not.toContain(wait);
    expect(planned.at(-1)?.script).not.toContain("--wait");
    expect(titles(step({ ...wanted, inForce: false }), facts("ours", "unloaded"))).toEqual([]);
  });

  test("that somebody set for every sandbox is named, and nothing is changed; the sandbox is not taken for another", () => {
    const now = facts("ours", "ofGateway");
    for (const of of [wanted, other])
      expect(() => step(of).plan(now)).toThrow(
        /set for every sandbox.*nothing was changed[\s\S]*openshell policy delete --global/,
      );
    expect(network.observe(wanted, now)).toMatchObject({ inForce: false });
    expect(titles(network.removal(wanted), now.policy)).toEqual([]);
  });

  test.each<[Which, RegExp]>([
    ["foreign", foreign],
    ["absent", /no sandbox main, so it has no network policy/],
    ["unreachable", /does not answer, so the network policy of main is not known/],
  ])("is not planned where it is %s", (which, message) => {
    for (const of of [wanted, other]) expect(() => step(of).plan(facts(which))).toThrow(message);
  });

  test("nor is who approves, in somebody else's", () => {
    const now = { ...facts("foreign"), approval: { mode: "auto", scope: "gateway" } };
    expect(() => step(wanted).plan(now)).toThrow(foreign);
  });

  describe("is waited for (a stand-in for OpenShell's CLI, in its form of answers)", () => {
    const { stdout: newest } = recorded.ours.policy;
    const waited = (loaded: string, how = "Status:       Pending") =>
      withStandIns(
        {
          runuser: `case "$*" in *"policy get"*--base*) cat <<'E'
${newest}E
;; *"sandbox get"*) ${loaded} ;; *"policy get"*) printf '%s\\n' "${how}" ;; esac`,
          sleep: ":",
        },
        waitUntilLoaded("main").script,
      );
    const says = (version: number | undefined) =>
      `echo '{' '"phase": "Ready"'; ${version === undefined ? ":" : `printf '  "current_policy_version": ${version},\n'`}`;

    test.each([
      ["the sandbox has it", says(1)],
      ["the sandbox has it a little later", `echo >>asked; test $(wc -l <asked) -lt 3 || { ${says(1)}; }`],
      ["a release does not tell", says(undefined)],
    ])("until %s", (_, loaded) => {
      expect(waited(loaded)).toEqual({ stdout: "", exitCode: 0 });
    });

    test("and what it could not load is told in its words, at once", () => {
      const { stdout, exitCode } = waited(says(0), "Status:       Failed\nError:        no such host");
      expect(exitCode).toBe(1);
      expect(stdout).toBe(
        "the gateway has version 1 of the policy, and the sandbox has 0 loaded\nit says: no such host\n",
      );
    });

    test.each([
      ["the sandbox does not load it", says(0), "has 0 loaded"],
      ["the gateway does not answer", "exit 1", "has none loaded"],
    ])("and not for ever where %s", (_, loaded, told) => {
      expect(waited(loaded)).toMatchObject({ exitCode: 1, stdout: expect.stringContaining(told) });
    });
  });

  test.each<[Which, object | "gone"]>([
    ["ours", { networkPolicies: {}, inForce: true, hash: expect.stringMatching(/^1e6fcc7b/) }],
    ["absent", "gone"],
    ["foreign", "gone"],
    ["unreachable", { inForce: false }],
  ])("is seen, %s", (which, seen) => {
    const found = network.observe(wanted, facts(which));
    if (seen === "gone") expect(found).toBe("gone");
    else expect(found).toMatchObject(seen);
  });

  test.each<[Which, string[], string[]]>([
    ["ours", ["load the network policy of main"], []],
    ["absent", [], []],
    ["foreign", [], [expect.stringMatching(/did not make; it was left as it is$/)]],
    [
      "unreachable",
      [],
      ["OpenShell's gateway does not answer any more; the network policy of main ends with its sandbox"],
    ],
  ])("is removed, %s", (which, planned, remarks) => {
    const removal = network.removal(wanted);
    const found = policy(which);
    // Something that is still allowed, which is to be taken away.
    const live =
      found.kind === "there"
        ? { ...found, policy: { ...found.policy, network_policies: other.networkPolicies } }
        : found;
    const now = { box: box(which), policy: live };
    expect(titles(removal, now).filter((title) => title.startsWith("load"))).toEqual(planned);
    expect(removal.remarks?.(now)).toEqual(remarks);
  });
});

describe("an inference route", () => {
  const wanted = {
    ...whose,
    baseUrl: "https://models.example.com/v1",
    model: "m",
    running: true,
    enabled: true,
    inForce: true,
  };
  const managed = { provider: { kind: "absent" }, inference: {}, note: undefined, settings: {}, reported: {} };
  const attached = { kind: "there", id: "p1", type: "nemoclaw-main", resourceVersion: 1 };
  const routes = [
    ["0.0.11x", managedRoute, managed],
    ["0.1.x (from-docs)", providerRoute, { ...managed, attached: false, agent: {} }],
  ] as const;

  test.each(routes)("of %s is not planned where the sandbox is somebody else's", async (_, route, facts) => {
    const step = await route.step(wanted);
    expect(() => step.plan({ box: box("foreign"), route: facts })).toThrow(foreign);
    expect(titles(step, { box: box("ours"), route: facts })).not.toEqual([]);
  });

  test.each(routes)("of %s says what its removal leaves when no gateway answers", (_, route, facts) => {
    const provider = { kind: "unreachable", said: "" };
    const now =
      route === managedRoute ? { ...facts, provider } : { box: box("unreachable"), route: { ...facts, provider } };
    expect(titles(route.removal(wanted), now)).toEqual([]);
    expect(route.removal(wanted).remarks?.(now)).toEqual([
      "OpenShell's gateway does not answer any more; its inference provider nemoclaw-main ends with the gateway's database",
    ]);
  });

  test("from-docs: nothing is detached from somebody else's sandbox, and none of theirs counts as led", () => {
    const facts = { ...managed, provider: attached, attached: true, agent: { model: "m" } };
    const script = (which: Which) => providerRoute.removal(wanted).plan({ box: box(which), route: facts })[0]?.script;
    expect(script("ours")).toContain("provider detach main");
    expect(script("foreign")).not.toContain("detach");
    expect(providerRoute.observe(wanted, { box: box("ours"), route: facts })).toMatchObject({ running: true });
    expect(providerRoute.observe(wanted, { box: box("foreign"), route: facts })).toMatchObject({ running: false });
  });
});

describe("what is run on the machine", () => {
  /** Runs shell with a stand-in for the CLI, and gives what was asked of it beside `sandbox get`. */
  function asked(which: Which, script: string) {
    const folder = mkdtempSync(join(tmpdir(), "nemoclaw-openshell-"));
    writeFileSync(join(folder, "answer"), recorded[which].get.stdout);
    const program = putProgram(
      folder,
      "openshell",
      `case "$*" in "sandbox get main -o json") cat "${folder}/answer"; exit ${recorded[which].get.exitCode} ;; esac
echo "$*" >>"${folder}/asked"`,
    );
    putProgram(folder, "runuser", 'shift 3\nexec "$@"');
    writeFileSync(join(folder, "asked"), "");
    const { status, stdout } = spawnSync(
      "sh",
      ["-c", script.replaceAll("/opt/nemoclaw/openshell/current/openshell", program)],
      {
        encoding: "utf8",
        env: { PATH: `${folder}${delimiter}${process.env.PATH}` },
        input: "SSH-2.0-test\n",
      },
    );
    const calls = readFileSync(join(folder, "asked"), "utf8").split("\n").filter(Boolean);
    rmSync(folder, { recursive: true });
    return { status, stdout, calls };
  }

  test.each(all)("the attendant joins nobody else's sandbox: %s", (which) => {
    const option = attachCommand(whose, ["/x"]).find((word) => word.startsWith("ProxyCommand=")) ?? "";
    const { status, calls } = asked(which, `exec ${option.slice("ProxyCommand=".length)}`);
    expect(calls).toEqual(which === "ours" ? ["ssh-proxy --gateway-name nemoclaw --name main"] : []);
    expect(status === 0).toBe(which === "ours");
  });
});

describe("the owner that a part is told", () => {
  const inputs = {
    ...({ sandbox: "main", sandboxId: "x", runtime: "openshell", inForce: true } as const),
    ...{ networkPolicies: {}, approval: "manual" },
    ...{ baseUrl: "https://models.example.com/v1", model: "m", running: true, enabled: true },
  };

  test.each([networkPolicy, inferenceRoute])("is not one of its properties: $type", async (handler) => {
    await using fake = await startFakeHost();
    await fake.connect();
    const state = { ...inputs, machine: fake.machine };
    const found = await handler.read("x", state, { log: () => {}, signal: new AbortController().signal });
    // The stand-in has no gateway.
    expect(found).toMatchObject({ inForce: false });
    expect(found).not.toHaveProperty("owner");
  });
});

test("a status has the version that the sandbox loaded, and a policy of the whole gateway as an error", () => {
  const read = (get: string, policy: string) => {
    const lines = ["", get, policy, ""].map((text) => `${Buffer.from(text).toString("base64")}\n`);
    return report("main", owner).parse({ stdout: lines.join(""), exitCode: 0 });
  };
  const [get, live] = [recorded.ours.get.stdout, recorded.ours.policy.stdout];
  const behind = get.replace('"current_policy_version": 1', '"current_policy_version": 0');
  expect(read(behind, live).policy).toEqual({ file: "version 1", inForce: "version 0" });
  expect(read(get, live.replace('"policy_source": "sandbox"', '"policy_source": "global"')).errors).toEqual([
    expect.stringMatching(/^one policy is set for every sandbox/),
  ]);
});

test("a status says nothing of somebody else's sandbox as if it were ours", () => {
  const question = report("main", owner);
  const read = (which: Which) => {
    const answers = ["", recorded[which].get.stdout, recorded[which].policy.stdout, ""];
    const lines = answers.map((text) => `${Buffer.from(text).toString("base64")}\n`);
    return question.parse({ stdout: lines.join(""), exitCode: 0 });
  };
  expect(read("ours")).toMatchObject({ policy: { file: "version 1", inForce: "version 1" }, errors: [] });
  expect(["ours", "foreign", "absent"].map((which) => read(which as Which).sandboxRuns)).toEqual([
    true,
    undefined,
    false,
  ]);
  expect(read("foreign")).toMatchObject({
    policy: {},
    errors: ["this machine's OpenShell has a sandbox main that this package did not make"],
  });
  expect(read("absent").errors).toEqual(["OpenShell says that the sandbox is not known to it"]);
});

test("the report asks no gateway that hangs, and says so; who does not need it is asked all the same", () => {
  const question = report("main", owner);
  const asked = (curl: string) => {
    const runuser = 'echo "$@" >>"$(dirname "$0")/asked"';
    const timeout = `echo '{"ready":true}'`;
    const answer = withStandIns(
      { curl, runuser, timeout },
      `( ${question.script}\n)\necho --\ncat {here}/asked || :`,
    ).stdout;
    const [said = "", calls = ""] = answer.split("--\n");
    return { ...question.parse({ stdout: said, exitCode: 0 }), calls: calls.split("\n").filter(Boolean).length };
  };
  expect(asked("exit 28")).toMatchObject({
    agent: { ready: true },
    errors: ["OpenShell's gateway is there and does not answer"],
    calls: 0,
  });
  expect(asked("exit 56")).toMatchObject({ errors: [expect.stringContaining("does not tell")], calls: 3 });
});
