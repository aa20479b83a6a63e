import { describe, expect, it } from "vitest";
import {
  type DockerEngineArgs,
  dockerEngineLeftovers,
  dockerEngineState,
  ensureDockerEngine,
} from "../../host/steps/docker-engine.ts";
import type { DockerEngineFacts } from "../../host/steps/docker-facts.ts";
import { settingsWanted } from "../../host/steps/docker-settings.ts";

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
  apt: { installed: {}, known: ["docker.io", "apparmor", "gpg"], fresh: true, interrupted: false },
  authorities: { kind: "absent" },
  repository: { source: undefined, fingerprint: undefined },
  settings: undefined,
  service: { enabled: false, active: false, settingsInForce: true },
  engine: undefined,
};
const settings = settingsWanted(undefined);
const service = { enabled: true, active: true, settingsInForce: true };
const ready = { ...bare, settings, service, engine: "20.10.24" };
const distribution: DockerEngineFacts = { ...ready, apt: apt({ "docker.io": "20.10.24+dfsg1-1" }) };
const dockers = { "docker-ce": "5:28.2.2-1~debian", "docker-ce-cli": "5:28.2.2-1~debian", "containerd.io": "1.7.27-1" };
const docker: DockerEngineFacts = { ...ready, apt: apt(dockers), repository: { source, fingerprint } };

const write = "write /etc/docker/daemon.json";
const enable = "enable docker.service";
const start = "start docker.service";
const restart = "restart docker.service for its new settings";
const lists = "fetch the package lists";

describe("the plan for Docker", () => {
  it.each<[string, DockerEngineFacts, DockerEngineArgs, string[]]>([
    ["a bare machine", bare, fromDebian(), [write, "install docker.io", enable, start]],
    [
      "a kernel with AppArmor on",
      { ...bare, system: { ...bare.system, apparmor: true } },
      fromDebian(),
      [write, "install docker.io, apparmor", enable, start],
    ],
    [
      "AppArmor's programs missing beside an installed Docker",
      { ...distribution, system: { ...bare.system, apparmor: true } },
      fromDebian(),
      ["install apparmor"],
    ],
    ["all there", distribution, fromDebian(), []],
    ["disabled by hand", { ...distribution, service: { ...service, enabled: false } }, fromDebian(), [enable]],
    ["stopped by hand", { ...distribution, service: { ...service, active: false } }, fromDebian(), [start]],
    ["settings removed", { ...distribution, settings: undefined }, fromDebian(), [write, restart]],
    [
      "settings written and not yet read",
      { ...distribution, service: { ...service, settingsInForce: false } },
      fromDebian(),
      [restart],
    ],
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
    ["the distribution's, where Docker's own is", docker, fromDebian(), "foreign"],
    ["settings that are no JSON", { ...distribution, settings: "{oops" }, fromDebian(), "foreign"],
    ["settings that are no object", { ...distribution, settings: "[]" }, fromDebian(), "foreign"],
    ["no Debian", { ...bare, system: { ...bare.system, distribution: "fedora", arch: "" } }, fromDebian(), "command"],
  ])("refuses %s", (_, now, args, kind) => {
    expect(() => ensureDockerEngine(args).plan(now)).toThrow(expect.objectContaining({ kind }));
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
      package: "docker.io",
      packageVersion: "20.10.24+dfsg1-1",
      source: "distribution",
      enabled: true,
      active: true,
    });
    expect(dockerEngineState({ ...docker, engine: undefined })).toMatchObject({
      version: "28.2.2-1~debian",
      source: "docker",
    });
    expect(dockerEngineState(bare)).toMatchObject({ installed: false, version: undefined });
  });

  it("names what a delete leaves", () => {
    expect(dockerEngineLeftovers(bare)).toEqual([]);
    expect(dockerEngineLeftovers(docker)[0]).toContain("docker-ce, docker-ce-cli, containerd.io");
  });
});

function apt(installed: Record<string, string>) {
  return { ...bare.apt, installed };
}

function fromDebian(more: Partial<DockerEngineArgs> = {}): DockerEngineArgs {
  return { source: "distribution", ...more };
}

function fromDocker(more: Partial<DockerEngineArgs> = {}): DockerEngineArgs {
  return { source: "docker", repository, ...more };
}
