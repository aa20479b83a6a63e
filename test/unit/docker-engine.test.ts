import { describe, expect, it } from "vitest";
import {
  type DockerEngineArgs,
  dockerEngineState,
  ensureDockerEngine,
  leaveDockerEngine,
} from "../../host/steps/docker-engine.ts";
import type { DockerEngineFacts } from "../../host/steps/docker-facts.ts";
import { type DockerFound, dockerFound, installedDocker } from "../../host/steps/docker-found.ts";
import { settingsWanted } from "../../host/steps/docker-settings.ts";
import { whoseDocker } from "../../host/steps/docker-whose.ts";
import { diff } from "../../provider/diff.ts";
import { dockerEngine } from "../../provider/handlers/docker-engine.ts";

const fingerprint = "9DC858229FC7DD38854AE2D88D81803C0EBFCD88";
const repository = { uri: "https://docker.example/linux/", fingerprint };
const source = `Types: deb
URIs: https://docker.example/linux/debian
Suites: bookworm
Components: stable
Architectures: amd64
Signed-By: /etc/apt/keyrings/nemoclaw-docker.asc
`;

const bare: DockerEngineFacts = {
  system: { distribution: "debian", codename: "bookworm", arch: "amd64", apparmor: false },
  apt: { installed: {}, known: ["docker.io", "docker-cli", "apparmor", "gpg"], fresh: true, interrupted: false },
  authorities: { kind: "absent" },
  repository: { source: undefined, fingerprint: undefined },
  found: {
    packages: {},
    settings: undefined,
    noted: undefined,
    service: { loaded: false, masked: false, enabled: false, comesUp: false, active: false, settingsInForce: true },
    daemon: { version: undefined, listens: false, containers: 0, swarm: false },
  },
};
const settings = settingsWanted(undefined);
const service = { loaded: true, masked: false, enabled: true, comesUp: true, active: true, settingsInForce: true };
const daemon = { version: "20.10.24", listens: true, containers: 0, swarm: false };
const dockers = { "docker-ce": "5:28.2.2-1~debian", "docker-ce-cli": "5:28.2.2-1~debian", "containerd.io": "1.7.27-1" };
const left = { "containerd.io": "1.7.27-1" };
const distribution = having({ "docker.io": "20.10.24+dfsg1-1" }, { noted: "docker.io", settings });
const trusted = { source, fingerprint };
const docker = { ...having(dockers, { noted: "docker-ce", settings }), repository: trusted };
const theirs = having(dockers, {});

const note = "write /etc/docker/nemoclaw.json";
const write = "write /etc/docker/daemon.json";
const enable = "enable docker.service";
const start = "start docker.service";
const restart = "restart docker.service for its new settings";
const lists = "fetch the package lists";

describe("the plan for Docker", () => {
  it.each<[string, DockerEngineFacts, DockerEngineArgs, string[]]>([
    ["a bare machine", bare, fromDebian(), [note, write, "install docker.io", enable, start]],
    [
      "a machine with the containerd that the distribution's Docker stands on",
      but(bare, { packages: { containerd: "1.6.20", runc: "1.1.5" } }),
      fromDebian(),
      [note, write, "install docker.io", enable, start],
    ],
    [
      "a kernel with AppArmor on",
      { ...bare, system: { ...bare.system, apparmor: true } },
      fromDebian(),
      [note, write, "install docker.io, apparmor", enable, start],
    ],
    [
      "Debian 13, whose client is a package of its own",
      { ...bare, system: { ...bare.system, codename: "trixie" } },
      fromDebian(),
      [note, write, "install docker.io, docker-cli", enable, start],
    ],
    [
      "the client missing beside an installed Docker on Debian 13",
      { ...distribution, system: { ...bare.system, codename: "trixie" } },
      fromDebian(),
      ["install docker-cli"],
    ],
    [
      "AppArmor's programs missing beside an installed Docker",
      { ...distribution, system: { ...bare.system, apparmor: true } },
      fromDebian(),
      ["install apparmor"],
    ],
    ["all there", distribution, fromDebian(), []],
    [
      "an installation that was cut short after its note",
      but(bare, { noted: "docker.io", settings }),
      fromDebian(),
      ["install docker.io", enable, start],
    ],
    [
      "what is left of Docker's own packages of ours, whose repository it trusts already",
      {
        ...but(bare, { packages: left, noted: "docker-ce" }),
        apt: { ...bare.apt, installed: left },
        repository: trusted,
      },
      fromDebian({ repository }),
      [write, lists, "install docker-ce, docker-ce-cli", enable, start],
    ],
    [
      "only the client left of Docker's own packages of ours",
      {
        ...but(bare, { packages: { "docker-ce-cli": "5:28.2.2-1" }, noted: "docker-ce" }),
        apt: { ...bare.apt, installed: { "docker-ce-cli": "5:28.2.2-1" } },
        repository: trusted,
      },
      fromDebian({ repository }),
      [write, lists, "install docker-ce, containerd.io", enable, start],
    ],
    [
      "Docker's own packages, begun to be installed when the other source was chosen",
      but(bare, { noted: "docker-ce", settings }),
      fromDebian({ repository }),
      [note, "install docker.io", enable, start],
    ],
    ["disabled by hand", but(distribution, { service: { ...service, enabled: false } }), fromDebian(), [enable]],
    ["stopped by hand", but(distribution, { service: { ...service, active: false } }), fromDebian(), [start]],
    ["settings removed", but(distribution, { settings: undefined }), fromDebian(), [write, restart]],
    [
      "settings written and not yet read",
      but(distribution, { service: { ...service, settingsInForce: false } }),
      fromDebian(),
      [restart],
    ],
    [
      "settings removed, and containers that outlive the restart",
      but(distribution, { settings: undefined, daemon: { ...daemon, containers: 2 } }),
      fromDebian(),
      [write, restart],
    ],
    [
      "settings of the site's own that would end its containers at a restart",
      but(distribution, {
        settings: JSON.stringify({ ...JSON.parse(settings ?? ""), "live-restore": false }),
        service: { ...service, settingsInForce: false },
        daemon: { ...daemon, containers: 1 },
      }),
      fromDebian(),
      [],
    ],
    [
      "the same, of a daemon that did not answer in time, so that nobody knows of its containers",
      but(distribution, {
        settings: JSON.stringify({ ...JSON.parse(settings ?? ""), "live-restore": false }),
        service: { ...service, settingsInForce: false },
        daemon: { ...daemon, version: undefined },
      }),
      fromDebian(),
      [],
    ],
    [
      "ours, made part of a swarm: without live-restore, with which it would not start, and not restarted",
      but(distribution, { settings: "{}", daemon: { ...daemon, containers: 1, swarm: true } }),
      fromDebian(),
      [write],
    ],
    ["GPUs wanted since", distribution, fromDebian({ gpus: true }), [write, restart]],
    ["ours from before there was a note", but(distribution, { noted: undefined }), fromDebian(), [note]],
    ["Docker's own packages, somebody's", theirs, fromDebian(), []],
    ["the same, where a bare machine would get them", theirs, fromDocker(), []],
    ["the same, with GPUs", theirs, fromDebian({ gpus: true }), []],
    [
      "the same, on a system that we could install nothing on",
      { ...theirs, system: { ...bare.system, distribution: "fedora", arch: "" } },
      fromDebian(),
      [],
    ],
    ["somebody's docker.io", having({ "docker.io": "28.2.2" }, {}), fromDebian(), []],
    [
      "somebody's docker.io in a swarm, with settings that it has not read yet",
      having(
        { "docker.io": "28.2.2" },
        { settings: "{}", daemon: { ...daemon, swarm: true }, service: { ...service, settingsInForce: false } },
      ),
      fromDebian(),
      [],
    ],
    ["Docker of no package", having({}, {}), fromDebian(), []],
    [
      "somebody's, which only its socket starts",
      having(dockers, { service: { ...service, enabled: false } }),
      fromDebian(),
      [],
    ],
    ["ours, exchanged by somebody", but(docker, { noted: "docker.io" }), fromDebian(), []],
    ["ours, with the other source chosen since", distribution, fromDocker(), []],
    ["another version", distribution, fromDebian({ version: "20.10.25" }), ["install docker.io=20.10.25"]],
    ["the version asked for", distribution, fromDebian({ version: "20.10.24+dfsg1-1" }), []],
    [
      "a private mirror's authority",
      distribution,
      fromDebian({ mirrors: { ca: "-----BEGIN CERTIFICATE-----" } }),
      ["write /etc/nemoclaw/ca.pem"],
    ],
    [
      "Docker's own packages on a bare machine",
      bare,
      fromDocker(),
      [
        note,
        write,
        lists,
        "install ca-certificates, curl, gpg",
        `take Docker's package key ${fingerprint} from https://docker.example/linux/debian/gpg`,
        "write /etc/apt/sources.list.d/nemoclaw-docker.sources",
        lists,
        "install docker-ce, docker-ce-cli, containerd.io",
        enable,
        start,
      ],
    ],
    ["Docker's own packages, all there", docker, fromDocker(), []],
    [
      "another key than the lock file's",
      { ...docker, repository: { source, fingerprint: "0".repeat(40) } },
      fromDocker(),
      [
        lists,
        "install ca-certificates, curl, gpg",
        `take Docker's package key ${fingerprint} from https://docker.example/linux/debian/gpg`,
      ],
    ],
    [
      "Docker's own packages in an exact version",
      docker,
      fromDocker({ version: "5:28.3.0-1~debian" }),
      [lists, "install docker-ce=5:28.3.0-1~debian, docker-ce-cli=5:28.3.0-1~debian"],
    ],
  ])("%s", (_, now, args, titles) => {
    const plan = ensureDockerEngine(args).plan(now);
    expect(plan.map((command) => command.title)).toEqual(titles);
  });

  it.each<[string, DockerEngineFacts, DockerEngineArgs, string]>([
    ["settings that are no JSON", but(distribution, { settings: "{oops" }), fromDebian(), "foreign"],
    ["settings that are no object", but(distribution, { settings: "[]" }), fromDebian(), "foreign"],
    [
      "somebody's Docker that does not run",
      but(theirs, { service: { ...service, active: false } }),
      fromDebian(),
      "foreign",
    ],
    [
      "somebody's Docker that does not start with the machine",
      but(theirs, { service: { ...service, enabled: false, comesUp: false } }),
      fromDebian(),
      "foreign",
    ],
    [
      "somebody's Docker that is no docker.service",
      but(having({}, {}), { service: bare.found.service }),
      fromDebian(),
      "foreign",
    ],
    [
      "a daemon that a snap brought, which answers to no program here",
      but(bare, { daemon: { version: undefined, listens: true, containers: 0, swarm: false } }),
      fromDebian(),
      "foreign",
    ],
    ["containerd.io without Docker", but(bare, { packages: { "containerd.io": "2.1.4-1" } }), fromDebian(), "foreign"],
    ["the same, for Docker's own", but(bare, { packages: { "containerd.io": "2.1.4-1" } }), fromDocker(), "foreign"],
    [
      "containerd.io without Docker, where ours was the distribution's",
      but(bare, { packages: { "containerd.io": "2.1.4-1" }, noted: "docker.io" }),
      fromDebian(),
      "foreign",
    ],
    [
      "Docker's own client without Docker",
      but(bare, { packages: { "docker-ce-cli": "5:28.2.2-1" } }),
      fromDebian(),
      "foreign",
    ],
    [
      "Docker's own rootless parts without Docker",
      but(bare, { packages: { "docker-ce-rootless-extras": "5:28.2.2-1" } }),
      fromDebian(),
      "foreign",
    ],
    [
      "the distribution's containerd, for Docker's own",
      but(bare, { packages: { containerd: "1.6.20" } }),
      fromDocker(),
      "foreign",
    ],
    ["the distribution's runc, for Docker's own", but(bare, { packages: { runc: "1.1.5" } }), fromDocker(), "foreign"],
    [
      "what ours from the distribution left, for Docker's own",
      but(bare, { packages: { containerd: "1.6.20", runc: "1.1.5" }, noted: "docker.io" }),
      fromDocker(),
      "foreign",
    ],
    ["podman under Docker's name", but(bare, { packages: { "podman-docker": "4.3.1" } }), fromDebian(), "foreign"],
    ["no Debian", { ...bare, system: { ...bare.system, distribution: "fedora", arch: "" } }, fromDebian(), "command"],
  ])("refuses %s", (_, now, args, kind) => {
    expect(() => ensureDockerEngine(args).plan(now)).toThrow(expect.objectContaining({ kind }));
  });

  const masked = { ...bare.found.service, masked: true };

  it("tells to unmask somebody's masked docker.service", () => {
    const plan = () => ensureDockerEngine(fromDebian()).plan(but(theirs, { service: masked }));
    expect(plan).toThrow(/docker-ce 5:28\.2\.2-1~debian.* is masked.*\n +try +systemctl unmask docker\.service/);
  });

  it("tells to unmask ours, too, which it does not do itself", () => {
    const [command] = ensureDockerEngine(fromDebian()).plan(but(distribution, { service: masked }));
    expect(command).toMatchObject({ title: enable, try: expect.stringContaining("systemctl unmask docker.service") });
  });

  it("needs the lock file's entry for Docker's own packages", () => {
    expect(() => ensureDockerEngine({ source: "docker" }).plan(bare)).toThrow("lock file");
  });

  it("keeps the fingerprint's spelling out of the comparison", () => {
    const spaced = { ...repository, fingerprint: "9dc8 5822 9fc7 dd38 854a  e2d8 8d81 803c 0ebf cd88" };
    expect(ensureDockerEngine({ source: "docker", repository: spaced }).plan(docker)).toEqual([]);
  });
});

describe("Docker's settings", () => {
  const rotated = { "log-driver": "json-file", "log-opts": { "max-size": "10m", "max-file": "3" } };

  it.each<[string, object | undefined, object | undefined]>([
    ["no file", undefined, { "live-restore": true, ...rotated }],
    ["an empty object", {}, { "live-restore": true, ...rotated }],
    ["what we write", { "live-restore": true, ...rotated }, undefined],
    ["the same in another order", { ...rotated, "live-restore": true }, undefined],
    ["a site's own keys", { bip: "10.9.0.1/24" }, { "live-restore": true, bip: "10.9.0.1/24", ...rotated }],
    ["a site without live-restore, as a swarm needs it", { "live-restore": false, ...rotated }, undefined],
    ["logs sent elsewhere, which know no rotation", { "live-restore": true, "log-driver": "journald" }, undefined],
    [
      "a site's own rotation",
      { "live-restore": true, "log-driver": "local", "log-opts": { "max-size": "1m" } },
      { "live-restore": true, "log-driver": "local", "log-opts": { "max-size": "1m", "max-file": "3" } },
    ],
  ])("%s", (_, found, wanted) => {
    const content = settingsWanted(found && JSON.stringify(found));
    expect(content && JSON.parse(content)).toEqual(wanted);
    if (content) expect(settingsWanted(content)).toBeUndefined();
  });
});

describe("what a resource shows of Docker", () => {
  it("is the daemon's version, or the package's when it does not answer", () => {
    expect(dockerEngineState(distribution)).toEqual({
      installed: true,
      version: "20.10.24",
      foreign: false,
      enabled: true,
      active: true,
    });
    const silent = but(docker, { daemon: { ...daemon, version: undefined } });
    expect(dockerEngineState(silent)).toMatchObject({ version: "28.2.2-1~debian" });
    expect([distribution, silent, bare].map(({ found }) => installedDocker(found))).toEqual([
      "docker.io",
      "docker-ce",
      undefined,
    ]);
    expect(dockerEngineState(bare)).toMatchObject({ installed: false, version: undefined });
  });

  it("tells what was there before from ours, and what of it counts as enabled", () => {
    const bySocket = { ...service, enabled: false };
    expect(dockerEngineState(but(theirs, { service: bySocket }))).toMatchObject({ foreign: true, enabled: true });
    expect(dockerEngineState(but(docker, { service: bySocket }))).toMatchObject({ foreign: false, enabled: false });
    expect(dockerEngineState(having({}, {}))).toMatchObject({ installed: true, foreign: true, version: "20.10.24" });
  });
});

describe("whose Docker is", () => {
  it.each<[string, DockerEngineFacts, string]>([
    ["on a bare machine", bare, "none"],
    ["begun to be installed", but(bare, { noted: "docker.io", settings }), "none"],
    ["unpacked by us and not set up yet", but(having({}, {}), { noted: "docker.io" }), "ours"],
    ["noted by us, whatever its settings are", but(distribution, { settings: "{}" }), "ours"],
    ["with exactly our settings, from before there was a note", but(distribution, { noted: undefined }), "ours"],
    [
      "the same, for GPUs",
      but(distribution, { noted: undefined, settings: settingsWanted(undefined, { gpus: true }) }),
      "ours",
    ],
    ["with other settings and no note", but(distribution, { noted: undefined, settings: "{}" }), "theirs"],
    ["from Docker's own packages, with exactly our settings", but(docker, { noted: undefined }), "theirs"],
  ])("one %s", (_, { found }, whose) => {
    expect(whoseDocker(found)).toBe(whose);
  });
});

describe("what a machine says of Docker", () => {
  const asked = (question: keyof typeof dockerFound, stdout: string) =>
    dockerFound[question].parse({ stdout, exitCode: 0 });

  it("is read from what Debian 12's programs print", () => {
    expect(asked("packages", "ii  docker.io 20.10.24+dfsg1-1+deb12u1+b6\nrc  podman-docker 4.3.1\n")).toEqual({
      "docker.io": "20.10.24+dfsg1-1+deb12u1+b6",
    });
    expect(
      asked("service", "LoadState=loaded\nActiveState=active\nUnitFileState=disabled\nSocketUnitFileState=enabled\n"),
    ).toEqual({ ...service, enabled: false });
    expect(
      asked("service", "LoadState=not-found\nActiveState=inactive\nUnitFileState=\nSocketUnitFileState=\n"),
    ).toEqual(bare.found.service);
    expect(
      asked("service", "LoadState=masked\nActiveState=inactive\nUnitFileState=masked\nSocketUnitFileState=disabled\n"),
    ).toEqual({ ...bare.found.service, masked: true });
    expect(asked("daemon", "daemon 20.10.24+dfsg1 1 inactive\nlistens\n")).toEqual({
      version: "20.10.24+dfsg1",
      listens: true,
      containers: 1,
      swarm: false,
    });
    expect(asked("daemon", "daemon 20.10.24+dfsg1 0 active\nswarm\n")).toMatchObject({ swarm: true });
    // It does not run, and its folder tells.
    expect(asked("daemon", "swarm\n")).toEqual({ version: undefined, listens: false, containers: 0, swarm: true });
    expect(asked("noted", '{"installed":"docker.io"}\n')).toBe("docker.io");
    expect(asked("noted", "{}")).toBeUndefined();
    expect(asked("noted", "")).toBeUndefined();
  });
});

describe("the resource", () => {
  const inputs = { machine: {}, source: "distribution", enabled: true, running: true } as never;

  it("is no difference to the state of a stack from before there was a note, and neither is another source", () => {
    const recorded = { machine: {}, source: "distribution", enabled: true, running: true, version: "20.10.24" };
    const changes = (wanted: object) =>
      diff(recorded, wanted as Record<string, unknown>, dockerEngine.replaceOn, { unnoticed: dockerEngine.unnoticed });
    expect(changes(inputs).changed).toEqual([]);
    expect(changes({ ...(inputs as object), source: "docker" }).changed).toEqual([]);
  });

  it("says that another source changes no Docker that is there", () => {
    const other = { source: "docker" } as never;
    expect(dockerEngine.judge?.(inputs, undefined)).toEqual({ failures: [], warnings: [] });
    expect(dockerEngine.judge?.(inputs, { source: "distribution" } as never).warnings).toEqual([]);
    expect(dockerEngine.judge?.({ ...(inputs as object), ...(other as object) } as never, inputs).warnings).toEqual([
      "docker.source is docker now, which only a machine without Docker gets: the one that is there stays",
    ]);
  });

  it("leaves everything but its note when it is deleted", () => {
    expect(leaveDockerEngine().plan({ noted: undefined })).toEqual([]);
    expect(leaveDockerEngine().plan({ noted: "docker.io" })).toMatchObject([
      { script: "rm -f /etc/docker/nemoclaw.json" },
    ]);
  });
});

function having(installed: Record<string, string>, found: Partial<DockerFound>): DockerEngineFacts {
  return {
    ...bare,
    apt: { ...bare.apt, installed },
    found: { ...bare.found, packages: installed, service, daemon, ...found },
  };
}

function but(facts: DockerEngineFacts, found: Partial<DockerFound>): DockerEngineFacts {
  return { ...facts, found: { ...facts.found, ...found } };
}

function fromDebian(more: Partial<DockerEngineArgs> = {}): DockerEngineArgs {
  return { source: "distribution", ...more };
}

function fromDocker(more: Partial<DockerEngineArgs> = {}): DockerEngineArgs {
  return { source: "docker", repository, ...more };
}
