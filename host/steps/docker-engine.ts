/**
 * Docker on a machine.
 *
 * - `ensureDockerEngine({ source, version?, repository?, mirrors? })` → `Step<DockerEngineFacts>`
 * - `dockerEngineState(facts)` → what a resource shows: version, package, enabled, active
 * - `dockerEngineLeftovers(facts)` → what stays on the machine after a delete, which removes no package
 * - `proveDockerEngine(host)` is in `docker-proof.ts`
 */
import { type Command, quote } from "../command.ts";
import { HostError } from "../errors.ts";
import type { Mirrors } from "../runtimes/runtime.ts";
import type { Step } from "../step.ts";
import { type DockerEngineFacts, dockerEngineFacts } from "./docker-facts.ts";
import { type DockerRepository, trustRepository } from "./docker-repository.ts";
import { settingsPath, settingsWanted, writeSettings } from "./docker-settings.ts";

export interface DockerEngineArgs {
  /** `distribution`: Debian's or Ubuntu's `docker.io`. `docker`: Docker's own signed package repository. */
  readonly source: "distribution" | "docker";
  /** Exact, or the beginning of one: `28.2` takes any 28.2.x. @default what the source offers; never upgraded by itself */
  readonly version?: string;
  /** Docker's repository, from the lock file. Required with source `docker`. */
  readonly repository?: DockerRepository;
  readonly mirrors?: Mirrors;
}

/**
 * Docker installed, enabled, running, with log rotation, and keeping containers over its own restarts. Where the kernel has
 * AppArmor on, the `apparmor` package too: without it Debian's `docker.io` starts no container.
 *
 * @throws HostError from its plan: `foreign` where the other kind of Docker is installed, `command` on a system without apt
 * @example
 * await ensure(host, ensureDockerEngine({ source: "distribution" }));
 */
export function ensureDockerEngine(args: DockerEngineArgs): Step<DockerEngineFacts> {
  return {
    name: "Docker Engine",
    facts: dockerEngineFacts,
    plan(now) {
      checkSystem(now, args);
      const install = installation(now, args);
      const settings = settingsWanted(now.settings);
      // Before the installation, so that the daemon's first start has them already.
      const write = settings === undefined ? [] : [writeSettings(settings)];
      const enable: Command = { title: "enable docker.service", script: "systemctl enable docker.service" };
      return [...write, ...install, ...(now.service.enabled ? [] : [enable]), ...start(now, settings !== undefined)];
    },
  };
}

/** What a resource shows of it. */
export function dockerEngineState({ engine, packages, service }: DockerEngineFacts) {
  const name = packages["docker-ce"] ? "docker-ce" : packages["docker.io"] ? "docker.io" : undefined;
  return {
    installed: name !== undefined,
    /** Of the daemon where it answers, else of the package. */
    version: engine ?? (name && upstream(packages[name] ?? "")),
    package: name,
    packageVersion: name && packages[name],
    source: name === "docker-ce" ? ("docker" as const) : ("distribution" as const),
    enabled: service.enabled,
    active: service.active,
  };
}

/** Lines for a person: others may use Docker, so a delete leaves it. */
export function dockerEngineLeftovers({ packages }: DockerEngineFacts): string[] {
  const installed = Object.keys(packages).filter((name) => name !== "apparmor");
  return installed.length === 0
    ? []
    : [`packages ${installed.join(", ")}, with their images, containers and ${settingsPath}`];
}

function checkSystem(
  { system: { arch, distribution }, packages }: DockerEngineFacts,
  { source, repository }: DockerEngineArgs,
): void {
  if (!arch) {
    throw new HostError("command", {
      summary: `Docker can be installed on Debian and Ubuntu only, and this machine is ${distribution || "neither"}`,
      try: "choose a Debian 12 or Ubuntu 24.04 image for the machine",
    });
  }
  if (source === "docker" && !repository) {
    throw new Error(
      "Docker's own packages need the repository's address and its key's fingerprint, from the lock file",
    );
  }
  if (source === "distribution" && packages["docker-ce"]) {
    throw new HostError("foreign", {
      summary: `Docker's own packages are on this machine already (docker-ce ${packages["docker-ce"]}), and the distribution's docker.io would remove them`,
      try: 'take Docker from source "docker", or remove docker-ce yourself first',
    });
  }
}

function installation(now: DockerEngineFacts, args: DockerEngineArgs): Command[] {
  const { source, version, repository } = args;
  const names = source === "docker" ? ["docker-ce", "docker-ce-cli", "containerd.io"] : ["docker.io"];
  const pinned = (name: string) => version !== undefined && name !== "containerd.io";
  const right = (name: string) =>
    now.packages[name] !== undefined && (!pinned(name) || matches(now.packages[name], version));
  const wanted = now.system.apparmor ? [...names, "apparmor"] : names;
  const trust = source === "docker" && repository ? trustRepository(now, repository) : [];
  const missing = wanted.filter((name) => (name === "apparmor" ? !now.packages.apparmor : !right(name)));
  if (missing.length === 0) return trust;
  // Docker's own packages carry an epoch; the trailing star takes the distribution's revision.
  const words = missing.map((name) =>
    pinned(name) && name !== "apparmor" ? `${name}=${source === "docker" ? "5:" : ""}${version}*` : name,
  );
  return [...trust, aptInstall(words, version !== undefined)];
}

/** Waits for whoever holds dpkg's lock, such as a first boot's own updates. */
function aptInstall(words: readonly string[], pinned: boolean): Command {
  const options = ["-o DPkg::Lock::Timeout=300", "-o Acquire::Retries=3"].join(" ");
  return {
    title: `install ${words.join(" ")}`,
    script: [
      "export DEBIAN_FRONTEND=noninteractive",
      `apt-get ${options} update`,
      `apt-get ${options} -o Dpkg::Options::=--force-confold --yes --no-install-recommends ${pinned ? "--allow-downgrades " : ""}install ${words.map(quote).join(" ")}`,
    ].join("\n"),
    timeoutSeconds: 900,
    try: "see that the machine reaches its package mirror (apt-get update on it), and that the version asked for is offered there (apt-cache policy docker.io docker-ce)",
  };
}

function start({ service: { active, settingsInForce } }: DockerEngineFacts, written: boolean): Command[] {
  const hint = "see the daemon's own words on the machine: journalctl -u docker.service -n 50";
  if (active && (written || !settingsInForce)) {
    // The reload turns live-restore on first, so that the restart keeps running containers.
    const script = "systemctl reload docker.service || :\nsystemctl restart docker.service";
    return [{ title: "restart docker.service for its new settings", script, try: hint }];
  }
  if (active) return [];
  // Asked again here: an installation on the way has usually started it.
  return [
    {
      title: "start docker.service",
      script: "systemctl reset-failed docker.service docker.socket 2>/dev/null || :\nsystemctl start docker.service",
      try: hint,
    },
  ];
}

/** `28.2` matches 28.2.2 and 5:28.2.2-1~debian, not 28.20. */
function matches(installed: string | undefined, version: string | undefined): boolean {
  if (installed === undefined || version === undefined) return false;
  return [installed, upstream(installed)].some(
    (full) => full === version || (full.startsWith(version) && !/^\d/.test(full.slice(version.length))),
  );
}

function upstream(version: string): string {
  return version.replace(/^\d+:/, "");
}
