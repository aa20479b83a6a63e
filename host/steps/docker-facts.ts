import type { Question, Questions } from "../question.ts";
import { type AptFacts, aptFacts } from "./apt-packages.ts";
import { authoritiesPath } from "./authorities.ts";
import { type DockerFound, dockerFound } from "./docker-found.ts";
import { type FileFacts, fileFacts } from "./file-facts.ts";
import { type RepositoryFacts, repositoryFacts } from "./signed-repository.ts";

export interface DockerEngineFacts {
  readonly system: SystemFacts;
  readonly apt: AptFacts;
  readonly authorities: FileFacts;
  readonly repository: RepositoryFacts;
  readonly found: DockerFound;
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

/** Asked together, so that the whole look is one round trip. */
export const dockerEngineFacts: Questions<DockerEngineFacts> = {
  system,
  apt: aptFacts([
    "docker.io",
    "docker-cli",
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
  found: dockerFound,
};
