import type { Question } from "../question.ts";
import { readSettings, settingsPath } from "./docker-settings.ts";

/** What there is of Docker on a machine; asked without apt, which takes long. */
export interface DockerFound {
  /** Version by package, of those that bring Docker and of those that cannot stand beside it. */
  readonly packages: { readonly [name: string]: string };
  /** /etc/docker/daemon.json as it is, `undefined` when there is none. */
  readonly settings: string | undefined;
  /** The package that a stack noted to have installed here. */
  readonly noted: string | undefined;
  readonly service: ServiceFacts;
  readonly daemon: DaemonFacts;
}

export interface ServiceFacts {
  /** Whether there is a docker.service at all. */
  readonly loaded: boolean;
  /** Whether somebody forbade it to start at all: its name then leads nowhere, and it counts as not there. */
  readonly masked: boolean;
  readonly enabled: boolean;
  /** Whether it starts with the machine in whatever way: enabled, part of another unit, or by its socket. */
  readonly comesUp: boolean;
  readonly active: boolean;
  /** False when daemon.json was written after the running daemon read it. */
  readonly settingsInForce: boolean;
}

export interface DaemonFacts {
  /** The version a running daemon answers with. */
  readonly version: string | undefined;
  /** Whether something listens where Docker's daemon does, as one from a snap does too. */
  readonly listens: boolean;
  /** How many containers run; 0 also where it did not answer. */
  readonly containers: number;
  /** Whether it belongs to a swarm. A daemon that does not run says nothing, but its folder does. */
  readonly swarm: boolean;
}

/** Packages that bring `docker.service`. */
export const dockerPackages = ["docker.io", "docker-ce", "moby-engine"] as const;

export type DockerPackage = (typeof dockerPackages)[number];

/** The package that brought the Docker of a machine; nothing where none did. */
export function installedDocker({ packages }: Pick<DockerFound, "packages">): DockerPackage | undefined {
  return dockerPackages.find((name) => packages[name]);
}

/** Where Docker for a machine without it comes from: the distribution, or Docker's own package repository. */
export type DockerSource = "distribution" | "docker";

/** What Docker's own repository has besides `docker-ce`. */
export const ownPackages: readonly string[] = ["containerd.io", "docker-ce-cli", "docker-ce-rootless-extras"];

/** The distribution's, on which its `docker.io` stands. */
export const distributionPackages: readonly string[] = ["containerd", "runc"];

const others = ["moby-containerd", "podman-docker"];

/** Packages that the installation of one would have to remove, or exchange for another version. */
export const rivalPackages: Readonly<Record<"docker.io" | "docker-ce", readonly string[]>> = {
  "docker.io": [...ownPackages, ...others],
  "docker-ce": ["containerd.io", "docker-cli", ...distributionPackages, ...others],
};

/** Where a stack notes that the Docker here is its own. Beside Docker's settings: a runtime that goes takes /etc/nemoclaw along. */
export const notePath = "/etc/docker/nemoclaw.json";

const packages: Question<DockerFound["packages"]> = {
  script: `dpkg-query --show --showformat='\${db:Status-Abbrev} \${Package} \${Version}\\n' ${[...new Set([dockerPackages, ...Object.values(rivalPackages)].flat())].join(" ")}`,
  parse: ({ stdout }) =>
    Object.fromEntries(
      stdout
        .split("\n")
        .map((line) => line.trim().split(/\s+/))
        .flatMap(([status, name, version]) => (status === "ii" && name && version ? [[name, version]] : [])),
    ),
};

const noted: Question<string | undefined> = {
  script: `cat ${notePath}`,
  parse({ stdout }) {
    try {
      const { installed } = JSON.parse(stdout) as { installed?: unknown };
      return typeof installed === "string" ? installed : undefined;
    } catch {
      return undefined;
    }
  },
};

const service: Question<ServiceFacts> = {
  script: `systemctl show docker.service --property=LoadState --property=ActiveState --property=UnitFileState
echo "Socket$(systemctl show docker.socket --property=UnitFileState)"
if test ${settingsPath} -nt /run/docker.pid; then echo Settings=new; fi`,
  parse({ stdout }) {
    const lines = new Set(stdout.split("\n").map((line) => line.trim()));
    const enabled = lines.has("UnitFileState=enabled");
    return {
      loaded: lines.has("LoadState=loaded"),
      masked: lines.has("LoadState=masked"),
      enabled,
      comesUp:
        enabled || /^UnitFileState=(static|indirect|generated|alias)$|^SocketUnitFileState=enabled$/m.test(stdout),
      active: lines.has("ActiveState=active"),
      settingsInForce: !lines.has("Settings=new"),
    };
  },
};

const daemon: Question<DaemonFacts> = {
  script: `timeout 10 docker info --format '{{.ServerVersion}} {{.ContainersRunning}} {{.Swarm.LocalNodeState}}' | sed 's/^/daemon /'
grep -Eq ' /(var/)?run/docker[.]sock$' /proc/net/unix && echo listens
test ! -s /var/lib/docker/swarm/docker-state.json || echo swarm`,
  parse({ stdout }) {
    const [, version, containers, node] = /^daemon (\S+) (\d+) (\S*)$/m.exec(stdout) ?? [];
    return {
      version,
      listens: /^listens$/m.test(stdout),
      containers: Number(containers ?? 0),
      swarm: /^swarm$/m.test(stdout) || (node !== undefined && node !== "inactive" && node !== ""),
    };
  },
};

/** Asked together with what else one wants to know. */
export const dockerFound = { packages, settings: readSettings, noted, service, daemon };
