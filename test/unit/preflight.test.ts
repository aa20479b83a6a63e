import { afterEach, describe, expect, it } from "vitest";
import { judge, type PreflightFacts, preflightFacts, preflightFailure } from "../../host/preflight/preflight.ts";
import { roomFacts } from "../../host/preflight/room.ts";
import { diff } from "../../provider/diff.ts";
import { preflight } from "../../provider/handlers/preflight.ts";
import { startFakeHost } from "../support/fake-host.ts";

const owner = { project: "nemoclaw", stack: "prod", installation: "a1" };
const wants = { arch: "amd64", gpu: "none", owner } as const;
const h100 = { ...wants, gpu: { model: "H100", count: 1 } };

const good: PreflightFacts = {
  system: {
    architecture: "x86_64",
    distribution: "ubuntu",
    version: "24.04",
    like: ["debian"],
    name: "Ubuntu 24.04.3 LTS",
    glibc: "2.39",
    systemd: 255,
    apt: true,
  },
  kernel: {
    release: "6.8.0-60-generic",
    cgroups: "cgroup2fs",
    landlock: true,
    userNamespaces: 60000,
    unprivilegedUserNamespaces: true,
    appArmorRestricts: false,
  },
  room: { cpus: 8, memoryMiB: 32000, diskFreeMiB: 90000, diskAt: "/" },
  clockAhead: 1,
  gpu: { devices: 0, beforeTuring: false, names: [], driver: "", smi: undefined },
  ports: [17871, 17872, 17873].map((port) => ({ port, heldBy: "" })),
  docker: {
    packages: {},
    settings: undefined,
    noted: undefined,
    service: { loaded: false, masked: false, enabled: false, comesUp: false, active: false, settingsInForce: true },
    daemon: { version: undefined, listens: false, containers: 0, swarm: false },
  },
  runtime: {
    "docker-version": { version: "", offered: "" },
    "docker-cdi": { folders: undefined },
    landlock: { release: "6.8.0-60-generic", abi: 4 },
  },
  owner: { owner: undefined },
};
const openshell = { ...wants, runtime: { kind: "openshell" } } as const;

const system = (change: Partial<PreflightFacts["system"]>) => ({ system: { ...good.system, ...change } });
const kernel = (change: Partial<PreflightFacts["kernel"]>) => ({ kernel: { ...good.kernel, ...change } });
const room = (change: Partial<PreflightFacts["room"]>) => ({ room: { ...good.room, ...change } });
const gpu = (change: Partial<PreflightFacts["gpu"]>) => ({ gpu: { ...good.gpu, ...change } });
const docker = (packages: Record<string, string>, change: Partial<PreflightFacts["docker"]> = {}) => ({
  docker: {
    packages,
    settings: undefined,
    noted: undefined,
    service: { loaded: true, masked: false, enabled: true, comesUp: true, active: true, settingsInForce: true },
    daemon: { version: "28.2.2", listens: true, containers: 0, swarm: false },
    ...change,
  },
});
const stopped = { service: { ...docker({}).docker.service, active: false } };
const runtime = (change: PreflightFacts["runtime"]) => ({ runtime: { ...good.runtime, ...change } });
const cdiOff = (found: ReturnType<typeof docker>) => ({
  ...found,
  ...runtime({ "docker-cdi": { folders: [], found: found.docker } }),
});
const smi = (exitCode: number, said: string) => ({ exitCode, said });

afterEach(() => {
  delete process.env.NEMOCLAW_CONNECT_SECONDS;
});

describe("a machine that lacks something", () => {
  it.each<[string, Partial<PreflightFacts>, object, string[]]>([
    ["another processor", system({ architecture: "aarch64" }), wants, ["architecture"]],
    ["a 32-bit processor", system({ architecture: "i686" }), wants, ["architecture"]],
    ["no apt", system({ distribution: "fedora", apt: false }), wants, ["distribution"]],
    ["an old Ubuntu", system({ version: "20.04" }), wants, ["distribution"]],
    ["an old Debian", system({ distribution: "debian", version: "11" }), wants, ["distribution"]],
    ["an old C library", system({ glibc: "2.27" }), wants, ["glibc"]],
    ["musl", system({ glibc: "" }), wants, ["glibc"]],
    ["no systemd", system({ systemd: 0 }), wants, ["systemd"]],
    ["no control groups", kernel({ cgroups: "" }), wants, ["cgroups"]],
    ["user namespaces off", kernel({ userNamespaces: 0 }), wants, ["user-namespaces"]],
    ["user namespaces for root only", kernel({ unprivilegedUserNamespaces: false }), wants, ["user-namespaces"]],
    [
      "no Landlock where OpenShell needs it",
      { ...kernel({ landlock: false }), ...runtime({ landlock: { release: "6.8.0", abi: 0 } }) },
      openshell,
      ["landlock"],
    ],
    ["an old Landlock", runtime({ landlock: { release: "6.1.0-43-amd64", abi: 2 } }), openshell, ["landlock"]],
    [
      "an old Docker where OpenShell asks for a newer one",
      {
        ...docker({ "docker.io": "20.10.24" }),
        ...runtime({ "docker-version": { version: "20.10.24", offered: "" } }),
      },
      openshell,
      ["docker-version"],
    ],
    [
      "an old Docker among the distribution's packages",
      runtime({ "docker-version": { version: "", offered: "20.10.24+dfsg1-1" } }),
      openshell,
      ["docker-version"],
    ],
    [
      "a Docker with CDI off, where OpenShell gives GPUs",
      {
        ...gpu({ devices: 1, names: ["NVIDIA H100 80GB HBM3"], smi: smi(0, "") }),
        ...runtime({ "docker-cdi": { folders: [] } }),
      },
      { ...openshell, gpu: h100.gpu },
      ["docker-cdi"],
    ],
    [
      "somebody's Docker with CDI off",
      {
        ...gpu({ devices: 1, names: ["NVIDIA H100 80GB HBM3"], smi: smi(0, "") }),
        ...cdiOff(docker({ "docker-ce": "5:26.1.4" })),
      },
      { ...openshell, gpu: h100.gpu },
      ["docker-cdi"],
    ],
    [
      "containerd.io without Docker",
      { docker: { ...good.docker, packages: { "containerd.io": "2.1.4-1" } } },
      wants,
      ["docker"],
    ],
    [
      "Docker's own client without Docker, where the distribution's is to come",
      { docker: { ...good.docker, packages: { "docker-ce-cli": "5:28.2.2-1" } } },
      wants,
      ["docker"],
    ],
    [
      "the distribution's containerd and runc, where Docker's own is to come",
      { docker: { ...good.docker, packages: { containerd: "1.6.20", runc: "1.1.5" } } },
      { ...wants, docker: "docker" },
      ["docker", "docker"],
    ],
    ["somebody's Docker that does not run", docker({ "docker-ce": "5:28.2.2" }, stopped), wants, ["docker"]],
    ["little memory", room({ memoryMiB: 1900 }), wants, ["memory"]],
    ["a full disk", room({ diskFreeMiB: 3000 }), wants, ["disk"]],
    ["a clock ahead", { clockAhead: 400 }, wants, ["clock"]],
    ["a clock behind", { clockAhead: -400 }, wants, ["clock"]],
    ["no GPU", {}, h100, ["gpu"]],
    [
      "too few GPUs",
      gpu({ devices: 1, names: ["NVIDIA H100"], smi: smi(0, "NVIDIA H100") }),
      { ...wants, gpu: { model: "H100", count: 2 } },
      ["gpu"],
    ],
    ["a driver that fails", gpu({ devices: 1, smi: smi(9, "NVIDIA-SMI has failed") }), h100, ["gpu-driver"]],
    [
      "a GPU without a driver, where the system has none",
      { ...gpu({ devices: 1 }), ...system({ distribution: "debian", version: "12" }) },
      h100,
      ["gpu-driver"],
    ],
    ["a port in use", { ports: [{ port: 17872, heldBy: "nginx.service" }] }, wants, ["port-17872"]],
    ["another owner", { owner: { owner: { ...owner, stack: "other" } } }, wants, ["owner"]],
    [
      "all at once",
      { ...system({ architecture: "aarch64", glibc: "" }), ...kernel({ cgroups: "" }), clockAhead: 999 },
      wants,
      ["architecture", "glibc", "cgroups", "clock"],
    ],
  ])("%s", (_, change, wanted, missing) => {
    const verdict = judge({ ...good, ...change }, wanted as never);
    expect(verdict.missing.map(({ what }) => what)).toEqual(missing);
    for (const each of verdict.missing) expect(each.try.length).toBeGreaterThan(10);
  });
});

describe("a machine that will do", () => {
  it.each<[string, Partial<PreflightFacts>, object, string]>([
    ["an Ubuntu", {}, wants, ""],
    ["a Debian", system({ distribution: "debian", version: "12" }), wants, ""],
    [
      "Debian's testing",
      system({ distribution: "debian", version: "", name: "Debian forky/sid" }),
      wants,
      "its version",
    ],
    ["a distribution made of Debian", system({ distribution: "pop" }), wants, "neither Debian nor Ubuntu"],
    ["a kernel without Landlock", kernel({ landlock: false }), wants, "no Landlock"],
    ["a kernel for OpenShell", {}, openshell, ""],
    [
      "an old Docker, taken knowingly",
      runtime({ "docker-version": { version: "20.10.24", offered: "" } }),
      { ...wants, runtime: { kind: "openshell", accept: ["docker-version"] } },
      "",
    ],
    [
      "an old Docker among the distribution's packages, where Docker's own is chosen",
      runtime({ "docker-version": { version: "", offered: "20.10.24+dfsg1-1" } }),
      { ...openshell, docker: "docker" },
      "",
    ],
    [
      "the distribution's containerd and runc, on which its Docker stands",
      { docker: { ...good.docker, packages: { containerd: "1.6.20", runc: "1.1.5" } } },
      wants,
      "",
    ],
    [
      "a Docker of ours that was stopped",
      docker({ "docker.io": "28.2.2" }, { ...stopped, noted: "docker.io" }),
      wants,
      "",
    ],
    [
      "a Docker of ours with CDI off, which gets it with its settings",
      {
        ...gpu({ devices: 1, names: ["NVIDIA H100 80GB HBM3"], smi: smi(0, "") }),
        ...cdiOff(docker({ "docker.io": "26.1.5" }, { noted: "docker.io" })),
      },
      { ...openshell, gpu: h100.gpu },
      "",
    ],
    [
      "somebody's Docker",
      docker({ "docker-ce": "5:28.2.2" }),
      wants,
      "docker-ce 5:28.2.2 was here before, and is used as it is; its settings and its restarts are its owner's",
    ],
    [
      "somebody's Docker with work to do",
      docker({ "docker-ce": "5:28.2.2" }, { daemon: { version: "28.2.2", listens: true, containers: 3, swarm: true } }),
      wants,
      "with 3 running containers, in a swarm, and is used as it is",
    ],
    ["control groups of version 1", kernel({ cgroups: "tmpfs" }), wants, "version 1"],
    ["Ubuntu's restriction of namespaces", kernel({ appArmorRestricts: true }), wants, "AppArmor"],
    ["little memory for an agent", room({ memoryMiB: 4000 }), wants, "little for an agent"],
    ["little room, where we stand already", { ...room({ diskFreeMiB: 3000 }), owner: { owner } }, wants, ""],
    ["our own services", { ports: [{ port: 17871, heldBy: "nemoclaw-gate@main.service" }] }, wants, ""],
    ["a GPU and no driver yet", gpu({ devices: 1 }), h100, "no NVIDIA driver is installed yet"],
    ["the GPU", gpu({ devices: 1, names: ["NVIDIA H100 80GB HBM3"], smi: smi(0, "") }), h100, ""],
    ["another GPU", gpu({ devices: 1, names: ["NVIDIA L4"], smi: smi(0, "") }), h100, "its GPU is NVIDIA L4"],
    ["a GPU nobody asked for", gpu({ devices: 1, smi: smi(9, "NVIDIA-SMI has failed") }), wants, ""],
  ])("%s", (_, change, wanted, note) => {
    const { missing, notes } = judge({ ...good, ...change }, wanted as never);
    expect(missing).toEqual([]);
    expect(notes.join("\n")).toContain(note);
    expect(notes).toHaveLength(note ? 1 : 0);
  });

  it("is told in one error with all that is missing, and what to do", () => {
    const verdict = judge({ ...good, ...kernel({ cgroups: "" }), clockAhead: 400 }, wants);
    expect(preflightFailure({ ...wants, address: "gpu.example" } as never, verdict).message).toBe(
      `gpu.example cannot take this stack: 2 things are missing; nothing was changed on it
  said  no control groups are mounted
          → boot with systemd.unified_cgroup_hierarchy=1 on the kernel's command line
        its clock is 400 s ahead of this computer's
          → timedatectl set-ntp true on the one that is wrong; certificates and tokens depend on it`,
    );
  });
});

describe("looking at this computer over SSH (a stand-in for a machine)", () => {
  it("answers everything in one round trip, and changes nothing", async () => {
    await using fake = await startFakeHost();
    const host = await fake.connect();
    const facts = await host.look(preflightFacts(openshell, Date.now()));
    expect(facts.system.architecture).toBe({ x64: "x86_64", arm64: "aarch64" }[process.arch as "x64"]);
    expect(facts.system.distribution).not.toBe("");
    expect(facts.room.cpus).toBeGreaterThan(0);
    expect(facts.room.memoryMiB).toBeGreaterThan(100);
    expect(facts.room.diskFreeMiB).toBeGreaterThan(0);
    expect(Math.abs(facts.clockAhead)).toBeLessThan(60);
    expect(facts.ports.map(({ port }) => port)).toEqual([17871, 17872, 17873]);
    expect(Object.keys(facts.runtime)).toEqual(["docker-version", "docker-cdi", "landlock"]);
    expect(facts.docker.daemon.containers).toBeGreaterThanOrEqual(0);
    expect(fake.seen).toMatchObject({ handshakes: 1, lines: { length: 1 } });
  });

  it("sees whose Docker it is that has CDI off, where there are GPUs", async () => {
    await using fake = await startFakeHost();
    const facts = await (await fake.connect()).look(preflightFacts({ ...openshell, gpu: h100.gpu }, Date.now()));
    expect(facts.runtime["docker-cdi"]).toMatchObject({ found: { packages: facts.docker.packages } });
  });

  it("sees who listens on a port of ours", async () => {
    await using fake = await startFakeHost({ port: 17873 });
    const facts = await (await fake.connect()).look(preflightFacts(wants, Date.now()));
    expect(facts.ports.find(({ port }) => port === 17873)?.heldBy).not.toBe("");
  });

  it("refuses a machine of another architecture, and a refresh says what is missing", async () => {
    await using fake = await startFakeHost();
    const machine = { ...fake.machine, arch: process.arch === "arm64" ? "amd64" : "arm64" } as const;
    const progress = { log: () => {}, signal: new AbortController().signal };
    const inputs = { machine, fit: true };
    await expect(preflight.create(inputs, progress)).rejects.toThrow("is configured");
    expect(await preflight.read("fake", inputs, progress)).toMatchObject({
      fit: false,
      missing: expect.arrayContaining([expect.stringContaining("is configured")]),
    });
  });
});

describe("the state of a stack from before the runtime had a part in the look", () => {
  it("is looked at once more, in place", () => {
    const recorded = { machine: { id: "a" }, fit: true, missing: [] };
    const wanted = { machine: { id: "a" }, runtime: { kind: "openshell" }, docker: "distribution", fit: true };
    const found = diff(recorded, wanted, preflight.replaceOn, { unnoticed: preflight.unnoticed });
    expect(found).toMatchObject({ changed: ["runtime", "docker"], replaces: [] });
  });
});

it("room is what is free where things are put, not in a /tmp that is memory", () => {
  expect(roomFacts.script).not.toMatch(/ \/tmp\b/);
  const stdout = `8
MemTotal
/dev/vda1 100 1 61440000 1% /
/dev/vdb1 100 1 41943040 1% /var/lib
/dev/vda1 100 1 61440000 1% /
`.replace("MemTotal", "8388608");
  expect(roomFacts.parse({ stdout, exitCode: 0 })).toEqual({
    cpus: 8,
    memoryMiB: 8192,
    diskFreeMiB: 40960,
    diskAt: "/var/lib",
  });
});
