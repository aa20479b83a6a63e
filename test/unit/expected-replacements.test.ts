import { describe, expect, test } from "vitest";
import { dialectOf } from "../../host/runtimes/openshell/dialect.ts";
import { mergePolicies } from "../../policies/merge.ts";
import { handlers } from "../../provider/handlers/index.ts";
import { lossOf } from "../../review/preview/losses.ts";
import { type Beside, lineOf, usualMemory } from "../../review/revisions/expected-remaking.ts";
import { expectedReplacements } from "../../review/revisions/expected-replacements.ts";
import { usualDataDisk } from "../../review/revisions/lost-disk.ts";
import type { StackAt } from "../../review/revisions/stack-at.ts";
import { dataDisk } from "../../stacks/machine-kinds/cloud/settings.ts";
import { sections } from "../../stacks/settings/sections.ts";

const at = (machine: object): StackAt => ({
  settings: { machine },
  policy: mergePolicies([]),
  sources: new Map(),
  runtime: "openshell",
});
const aws = (disk?: object, more: object = {}) => at({ kind: "aws", ...more, ...(disk && { dataDisk: disk }) });
const gcp = (disk?: object, more: object = {}) => at({ kind: "gcp", ...more, ...(disk && { dataDisk: disk }) });

describe("what happens to a data disk, by the settings of two revisions", () => {
  test.each<[string, StackAt, StackAt, string]>([
    [
      "smaller on AWS",
      aws({ size: 200 }),
      aws({ size: 100 }),
      "machine.dataDisk.size is smaller; AWS makes no disk smaller, and the update fails",
    ],
    [
      "smaller on Google Cloud",
      gcp({ size: 200 }),
      gcp({ size: 100 }),
      "machine.dataDisk.size; refused while it is protected",
    ],
    ["smaller than the usual size", gcp(), gcp({ size: 20 }), "machine.dataDisk.size; refused while it is protected"],
    [
      "of another type on Google Cloud",
      gcp({ type: "pd-balanced" }),
      gcp({ type: "pd-ssd" }),
      "machine.dataDisk.type; refused while it is protected",
    ],
    [
      "smaller, of another type, and not protected",
      gcp({ size: 200, type: "pd-balanced" }),
      gcp({ size: 100, type: "pd-ssd", protect: false }),
      "machine.dataDisk.size, machine.dataDisk.type",
    ],
  ])("%s: it is lost with everything on it", (_, was, is, because) => {
    expect(expectedReplacements(was, is)).toEqual([
      { label: "data disk", because, lost: expect.stringMatching(/^everything on it/) },
    ]);
  });

  test.each([
    ["larger on AWS", aws({ size: 100 }), aws({ size: 200 })],
    ["larger on Google Cloud", gcp(), gcp({ size: usualDataDisk + 1 })],
    ["of the usual size, written out", gcp(), gcp({ size: usualDataDisk })],
    ["no longer protected", gcp(), gcp({ protect: false, reason: "a lab" })],
  ])("%s: it stays", (_, was, is) => expect(expectedReplacements(was, is)).toEqual([]));

  const machines = { aws: "aws:ec2/instance:Instance", gcp: "gcp:compute/instance:Instance" } as const;
  test.each<[string, keyof typeof machines, object, object]>([
    ["machine.region, machine.zone", "aws", { region: "a", zone: "a1" }, { region: "b", zone: "b1" }],
    ["machine.kmsKey", "aws", {}, { kmsKey: "k" }],
    ["machine.zone", "gcp", { zone: "a" }, { zone: "b" }],
    ["machine.project", "gcp", { project: "a" }, { project: "b" }],
    ["machine.kmsKey", "gcp", { kmsKey: "k" }, { kmsKey: "l" }],
  ])("it goes with the machine for %s on %s, and is refused while it is protected", (because, kind, was, is) => {
    expect(expectedReplacements(at({ kind, ...was }), at({ kind, ...is }))).toEqual([
      { label: "data disk", because: `${because}; refused while it is protected`, lost: "everything on it" },
      { label: "machine", because, lost: lossOf(machines[kind], undefined) },
    ]);
  });

  test("it goes to another zone smaller, too, and for several reasons is told once", () => {
    const found = (was: StackAt, is: StackAt) => expectedReplacements(was, is)[0]?.because;
    const [here, there] = [{ zone: "a" }, { zone: "b" }];
    const free = { protect: false, size: 20 };
    expect(found(aws({ size: 200 }, here), aws(free, there))).toBe("machine.zone");
    expect(found(gcp({ size: 200 }, here), gcp(free, there))).toBe("machine.dataDisk.size, machine.zone");
  });

  test.each<[string, StackAt, StackAt, object]>([
    ["to this computer", gcp({ protect: false }), at({ kind: "local" }), { because: "machine.kind", deleted: true }],
    ["to another cloud", aws(), gcp(), { because: "machine.kind; refused while it is protected" }],
  ])("it goes with a machine that moves %s", (_, was, is, disk) => {
    const found = expectedReplacements(was, is);
    expect(found).toMatchObject([
      { label: "data disk", ...disk },
      { label: "machine", because: "machine.kind" },
    ]);
    expect(found[0]?.deleted).toBe("deleted" in disk ? true : undefined);
  });

  test.each<[string, keyof typeof machines, object, object]>([
    ["another image", "aws", { image: "a" }, { image: "b" }],
    ["spare capacity", "aws", {}, { spot: true }],
    ["another image", "gcp", { image: "a" }, { image: "b" }],
    ["another network", "gcp", {}, { network: { network: "n" } }],
  ])("it outlives the machine for %s on %s, of which is said what a preview says", (_, kind, was, is) => {
    expect(expectedReplacements(at({ kind, ...was }), at({ kind, ...is }))).toMatchObject([
      { label: "machine", lost: lossOf(machines[kind], undefined) },
    ]);
  });

  test("it is told beside the machine", () => {
    const found = expectedReplacements(gcp({ size: 200 }, { image: "a" }), gcp({ size: 100 }, { image: "b" }));
    expect(found.map(({ label }) => label)).toEqual(["data disk", "machine"]);
  });

  test("the usual size is the setting's own", () => expect(dataDisk.size.parse(undefined)).toBe(usualDataDisk));
});

const under = (settings: object, runtime: StackAt["runtime"] = "openshell"): StackAt => ({
  ...at({ kind: "existing", address: "a.example.com" }),
  settings: { machine: { kind: "existing", address: "a.example.com" }, ...settings },
  runtime,
});
const pinned = (what: string, before: string | undefined, after: string | undefined): Beside => ({
  versions: [{ what, before, after }],
  authorities: [undefined, undefined],
});
const trusting = (before: string | undefined, after: string | undefined): Beside => ({
  versions: [],
  authorities: [before, after].map((pem) => (pem === undefined ? undefined : { pem })) as never,
});

describe("what the plugin's resources are replaced for, by what two revisions have", () => {
  type Change = readonly [label: string, was: StackAt, is: StackAt, beside?: Beside];
  const policy = (read_only: string[]) =>
    mergePolicies([{ name: "own", policy: { version: 1, filesystem_policy: { read_only } } } as never]);
  const moved: Change = ["machine", at({ kind: "existing", address: "a" }), at({ kind: "existing", address: "b" })];
  const local = (more: object) => at({ kind: "local", ...more });
  const ofStack = "it is of the stack's own name and keys, which no revision changes";
  const inProgram = "the program names it; there is no setting for it";
  const onMachine = (more: Record<string, Change | string> = {}) => ({
    "machine.id": moved,
    sandbox: inProgram,
    ...more,
  });

  /** Either what changes it, or why nothing that a review of revisions reads does. */
  const known: Record<string, Record<string, Change | string>> = {
    "nemoclaw:index:SshKeyPair": { comment: ofStack },
    "nemoclaw:index:ReplacementGuard": {},
    "nemoclaw:local:Machine": {
      name: ofStack,
      owner: ofStack,
      "hostKey.publicKey": ofStack,
      authorizedKey: ofStack,
      image: ["machine", local({ image: "a" }), local({ image: "b" })],
      ca: ["machine", local({}), local({}), trusting("one", "another")],
    },
    "nemoclaw:local:Demo": {
      name: ofStack,
      owner: ofStack,
      network: ofStack,
      program: "it is this package's own, and holds nothing",
    },
    "nemoclaw:host:MachineIdentity": { "machine.id": moved },
    "nemoclaw:host:Preflight": { "machine.id": moved },
    "nemoclaw:host:DockerEngine": { "machine.id": moved },
    "nemoclaw:host:NvidiaGpu": { "machine.id": moved },
    "nemoclaw:host:SandboxRuntime": {
      "machine.id": moved,
      kind: ["sandbox runtime, and the sandbox", under({}), under({}, "embedded")],
      line: ["sandbox runtime, and the sandbox", under({}), under({}), pinned("openshell", "0.0.112", "0.1.10")],
    },
    "nemoclaw:host:Workspace": onMachine(),
    "nemoclaw:host:Sandbox": onMachine({
      runtime: ["sandbox runtime, and the sandbox", under({}), under({}, "embedded")],
      policy: ["sandbox", { ...under({}), policy: policy(["/a"]) }, { ...under({}), policy: policy(["/b"]) }],
    }),
    "nemoclaw:host:NetworkPolicy": onMachine(),
    "nemoclaw:host:InferenceRoute": onMachine(),
    "nemoclaw:host:TelegramBridge": onMachine(),
    "nemoclaw:host:CloudflareTunnel": onMachine(),
  };

  test("none is left out", () => {
    const replaceOn = handlers.map(({ type, replaceOn: paths }) => [type, paths.map((path) => path.join(".")).sort()]);
    const here = Object.entries(known).map(([type, paths]) => [type, Object.keys(paths).sort()]);
    expect(Object.fromEntries(here)).toEqual(Object.fromEntries(replaceOn));
  });

  const changes = Object.entries(known).flatMap(([type, paths]) =>
    Object.entries(paths).flatMap(([path, change]) =>
      typeof change === "string" ? [] : [[type, path, change] as const],
    ),
  );
  test.each(changes)("%s for %s", (_type, _path, [label, was, is, beside]) => {
    expect(expectedReplacements(was, is, beside).map((one) => one.label)).toEqual([label]);
    expect(expectedReplacements(was, was)).toEqual([]);
  });
});

describe("a Telegram bridge", () => {
  const bridge = under({ telegram: { chats: [1] } });
  test("that is taken out is the end of what waits for an answer, as a preview tells", () => {
    expect(expectedReplacements(bridge, under({}))).toEqual([
      {
        label: "Telegram bridge",
        because: "telegram is gone",
        lost: lossOf("nemoclaw:host:TelegramBridge", undefined),
        deleted: true,
      },
    ]);
  });

  test.each([
    ["that is new", under({}), bridge],
    ["that answers others", bridge, under({ telegram: { chats: [2] } })],
  ])("%s loses nothing", (_, was, is) => expect(expectedReplacements(was, is)).toEqual([]));
});

describe("a machine on this computer", () => {
  const local = at({ kind: "local" });
  test.each<[string, string | undefined, string | undefined]>([
    ["that trusts further authorities now", undefined, "pem"],
    ["that trusts them no more", "pem", undefined],
    ["that trusts others", "pem", "other"],
  ])("%s is another one", (_, before, after) => {
    expect(expectedReplacements(local, local, trusting(before, after))).toEqual([
      { label: "machine", because: "mirrors.ca", lost: expect.stringMatching(/^everything on it/) },
    ]);
  });

  test("of which nobody can tell whether it trusts others is not said to be", () => {
    const authorities = [{ unread: "/etc/ca.pem" }, { unread: "/etc/ca.pem" }] as const;
    expect(expectedReplacements(local, local, { versions: [], authorities })).toEqual([]);
  });
});

describe("a sandbox that OpenShell makes anew, by what two revisions have", () => {
  const image = (name?: string) => under({ runtime: { kind: "openshell", image: name } });
  const because = (was: StackAt, is: StackAt, beside?: Beside) =>
    expectedReplacements(was, is, beside).map((one) => [one.label, one.because, one.madeAnew]);

  test.each<[string, StackAt, StackAt, Beside | undefined, string]>([
    ["an image of its own", image(), image("r/box:1"), undefined, "runtime.image"],
    ["another digest of it", image("r/box:1"), image("r/box:1"), pinned("image r/box:1", "a", "b"), "image r/box:1"],
    [
      "another archive",
      image("r/box:1"),
      image("r/box:1"),
      pinned("r/box:1, linux-amd64", "a", "b"),
      "r/box:1, linux-amd64",
    ],
    ["other authorities", image(), image(), trusting("pem", undefined), "mirrors.ca"],
    ["another agent", image(), image(), pinned("agent", "1", "2"), "agent"],
    ["another Node", image(), image(), pinned("node", "24.1.0", "24.2.0"), "node"],
    [
      "a release whose gateway renews no supervisor",
      image(),
      image(),
      pinned("openshell", "0.0.111", "0.0.112"),
      "openshell",
    ],
    ["several at once", image(), image("r/box:1"), pinned("agent", "1", "2"), "runtime.image, agent"],
  ])("%s", (_, was, is, beside, why) => {
    expect(because(was, is, beside)).toEqual([["sandbox", why, true]]);
    const embedded = [was, is].map((one): StackAt => ({ ...one, runtime: "embedded" })) as [StackAt, StackAt];
    expect(because(...embedded, beside)).toEqual([]);
  });

  test.each<[string, StackAt, StackAt, Beside | undefined]>([
    ["a release that renews it", image(), image(), pinned("openshell", "0.1.9", "0.1.10")],
    ["another image's digest", image("r/box:1"), image("r/box:1"), pinned("image r/other:1", "a", "b")],
    [
      "an image that was not pinned, and could not be made",
      image("r/box:1"),
      image("r/box:1"),
      pinned("image r/box:1", "not pinned", "b"),
    ],
    ["something new in the lock file", image(), image(), pinned("node", undefined, "24.1.0")],
    ["another bridge's program", image(), image(), pinned("cloudflared", "1", "2")],
  ])("%s: it stays", (_, was, is, beside) => expect(because(was, is, beside)).toEqual([]));

  test("the usual memory is the setting's own", () => expect(sections.limits.parse({}).memory).toBe(usualMemory));

  test("a release of another line, taken knowingly, is not said to be refused", () => {
    const taken = under({ runtime: { kind: "openshell", accept: ["recreate"] } });
    const moved = pinned("openshell", "0.1.10", "0.2.0");
    expect(expectedReplacements(taken, taken, moved)[0]?.because).toBe("OpenShell 0.2.0 is no upgrade of 0.1.10");
    expect(expectedReplacements(image(), image(), moved)[0]?.because).toMatch(/; refused without .*\[recreate\]$/);
  });

  test.each(["0.0.112", "0.0.110-dev.7+g2f7fb65", "0.1.0", "0.1.10", "0.1.9-rc.1"])(
    "%s is of the runtime's line",
    (version) => {
      const { line, renewsSupervisors } = dialectOf(version);
      expect(lineOf(version)).toBe(line);
      expect(line.startsWith("0.0.")).toBe(!renewsSupervisors);
    },
  );
});
