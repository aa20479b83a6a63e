import type { Question, Questions } from "../question.ts";
import { type RepositoryFacts, repositoryFacts } from "./docker-repository.ts";
import { readSettings, settingsPath } from "./docker-settings.ts";

export interface DockerEngineFacts {
  readonly system: SystemFacts;
  /** Installed packages of interest and their versions. */
  readonly packages: Readonly<Record<string, string>>;
  /** /etc/docker/daemon.json as it is, `undefined` when there is none. */
  readonly settings: string | undefined;
  readonly service: ServiceFacts;
  readonly repository: RepositoryFacts;
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
  script: `. /etc/os-release 2>/dev/null || :
printf '%s\\n%s\\n' "\${ID:-}" "\${VERSION_CODENAME:-}"
dpkg --print-architecture 2>/dev/null || echo
cat /sys/module/apparmor/parameters/enabled 2>/dev/null || echo N`,
  parse({ stdout }) {
    const [distribution = "", codename = "", arch = "", apparmor] = stdout.split("\n").map((line) => line.trim());
    return { distribution, codename, arch, apparmor: apparmor === "Y" };
  },
};

const packages: Question<Record<string, string>> = {
  script: `dpkg-query --show --showformat '\${db:Status-Abbrev} \${Package} \${Version}\\n' docker.io docker-ce docker-ce-cli containerd.io apparmor 2>/dev/null || :`,
  parse({ stdout }) {
    const lines = stdout.split("\n").map((line) => line.trim().split(/\s+/));
    return Object.fromEntries(
      lines.filter(([status]) => status === "ii" || status === "hi").map(([, name, version]) => [name, version]),
    );
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
  script: "timeout 10 docker version --format '{{.Server.Version}}' 2>/dev/null",
  parse: ({ stdout, exitCode }) => (exitCode === 0 && stdout.trim() ? stdout.trim() : undefined),
};

/** Asked together, so that the whole look is one round trip. */
export const dockerEngineFacts: Questions<DockerEngineFacts> = {
  system,
  packages,
  settings: readSettings,
  service,
  repository: repositoryFacts,
  engine,
};
