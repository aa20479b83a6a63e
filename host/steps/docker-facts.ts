import type { Question, Questions } from "../question.ts";
import { type AptFacts, aptFacts } from "./apt-packages.ts";
import { authoritiesPath } from "./authorities.ts";
import { readSettings, settingsPath } from "./docker-settings.ts";
import { type FileFacts, fileFacts } from "./file-facts.ts";
import { type RepositoryFacts, repositoryFacts } from "./signed-repository.ts";

export interface DockerEngineFacts {
  readonly system: SystemFacts;
  readonly apt: AptFacts;
  readonly authorities: FileFacts;
  readonly repository: RepositoryFacts;
  /** /etc/docker/daemon.json as it is, `undefined` when there is none. */
  readonly settings: string | undefined;
  readonly service: ServiceFacts;
  /** The version a running daemon answers with. */
  readonly engine: string | undefined;
}

export interface SystemFacts {
  /** `debian`, `ubuntu`, … as /etc/os-release has it. */
  readonly distribution: string;
  readonly codename: string;
  /** `amd64`, `arm64`; empty where there is no dpkg. */
  readonly arch: string;
  /** Whether the running kernel enforces AppArmor profiles. */
  readonly apparmor: boolean;
}

export interface ServiceFacts {
  readonly enabled: boolean;
  readonly active: boolean;
  /** False when daemon.json was written after the running daemon read it. */
  readonly settingsInForce: boolean;
}

const system: Question<SystemFacts> = {
  script: `. /etc/os-release
printf '%s\\n%s\\n' "$ID" "$VERSION_CODENAME"
dpkg --print-architecture || echo
cat /sys/module/apparmor/parameters/enabled || echo N`,
  parse({ stdout }) {
    const [distribution = "", codename = "", arch = "", apparmor] = stdout.split("\n").map((line) => line.trim());
    return { distribution, codename, arch, apparmor: apparmor === "Y" };
  },
};

const service: Question<ServiceFacts> = {
  script: `systemctl show docker.service --property=ActiveState --property=UnitFileState
if test ${settingsPath} -nt /run/docker.pid; then echo Settings=new; fi`,
  parse({ stdout }) {
    const lines = new Set(stdout.split("\n").map((line) => line.trim()));
    return {
      enabled: lines.has("UnitFileState=enabled"),
      active: lines.has("ActiveState=active"),
      settingsInForce: !lines.has("Settings=new"),
    };
  },
};

const engine: Question<string | undefined> = {
  script: "timeout 10 docker version --format '{{.Server.Version}}'",
  parse: ({ stdout, exitCode }) => (exitCode === 0 && stdout.trim() ? stdout.trim() : undefined),
};

/** Asked together, so that the whole look is one round trip. */
export const dockerEngineFacts: Questions<DockerEngineFacts> = {
  system,
  apt: aptFacts([
    "docker.io",
    "docker-ce",
    "docker-ce-cli",
    "containerd.io",
    "apparmor",
    "ca-certificates",
    "curl",
    "gpg",
  ]),
  authorities: fileFacts(authoritiesPath),
  repository: repositoryFacts("docker"),
  settings: readSettings,
  service,
  engine,
};
