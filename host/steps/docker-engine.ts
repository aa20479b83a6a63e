/**
 * Docker on a machine.
 *
 * - `ensureDockerEngine({ source, version?, repository?, mirrors? })` → `Step<DockerEngineFacts>`
 * - `dockerEngineState(facts)` → what a resource shows: installed, version, package, source, enabled, active
 * - `dockerEngineLeftovers(facts)` → what stays on the machine after a delete, which removes no package
 * - `proveDockerEngine(host)` is in `docker-proof.ts`
 */
import type { Command } from "../command.ts";
import { HostError } from "../errors.ts";
import type { Mirrors } from "../runtimes/runtime.ts";
import type { Step } from "../step.ts";
import { ensurePackages } from "./apt-packages.ts";
import { ensureAuthorities } from "./authorities.ts";
import { type DockerEngineFacts, dockerEngineFacts, type ServiceFacts } from "./docker-facts.ts";
import { type DockerRepository, trustRepository } from "./docker-repository.ts";
import { settingsPath, settingsWanted } from "./docker-settings.ts";
import { writeFile } from "./managed-file.ts";

export interface DockerEngineArgs {
  /** `distribution`: Debian's or Ubuntu's `docker.io`. `docker`: Docker's own signed package repository. */
  readonly source: "distribution" | "docker";
  /** The package's exact version. @default what the source offers at the first installation; never upgraded by itself */
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
  const { ca } = args.mirrors ?? {};
  return {
    name: "Docker Engine",
    facts: dockerEngineFacts,
    plan(now) {
      checkSystem(now, args);
      const settings = settingsWanted(now.settings);
      return [
        ...(ca ? ensureAuthorities(ca).plan(now.authorities) : []),
        // Before the installation, so that the daemon's first start has them already.
        ...(settings === undefined ? [] : [writeFile({ path: settingsPath, content: settings })]),
        ...installation(now, args),
        ...(now.service.enabled ? [] : [enable]),
        ...started(now.service, settings !== undefined),
      ];
    },
  };
}

/** What a resource shows of it. */
export function dockerEngineState({ engine, apt: { installed }, service }: DockerEngineFacts) {
  const name = installed["docker-ce"] ? "docker-ce" : installed["docker.io"] ? "docker.io" : undefined;
  const packageVersion = name && installed[name];
  return {
    installed: name !== undefined,
    /** Of the daemon where it answers, else of the package. */
    version: engine ?? packageVersion?.replace(/^\d+:/, ""),
    package: name,
    packageVersion,
    source: name === "docker-ce" ? ("docker" as const) : ("distribution" as const),
    enabled: service.enabled,
    active: service.active,
  };
}

/** Lines for a person: others may use Docker, so a delete leaves it. */
export function dockerEngineLeftovers({ apt: { installed } }: DockerEngineFacts): string[] {
  const names = ["docker.io", "docker-ce", "docker-ce-cli", "containerd.io"].filter((name) => installed[name]);
  return names.length === 0 ? [] : [`packages ${names.join(", ")}, with their images, containers and ${settingsPath}`];
}

function checkSystem({ system: { arch, distribution }, apt }: DockerEngineFacts, args: DockerEngineArgs): void {
  if (!arch) {
    throw new HostError("command", {
      summary: `Docker can be installed on Debian and Ubuntu only, and this machine is ${distribution || "neither"}`,
      try: "choose a Debian 12 or Ubuntu 24.04 image for the machine",
    });
  }
  if (args.source === "docker" && !args.repository) {
    throw new Error(
      "Docker's own packages need the repository's address and its key's fingerprint, from the lock file",
    );
  }
  const theirs = apt.installed["docker-ce"];
  if (args.source === "distribution" && theirs) {
    throw new HostError("foreign", {
      summary: `Docker's own packages are on this machine (docker-ce ${theirs}), and the distribution's docker.io would remove them`,
      try: 'take Docker from source "docker", or remove docker-ce yourself first',
    });
  }
}

function installation(now: DockerEngineFacts, { source, version, repository, mirrors }: DockerEngineArgs): Command[] {
  const exact = (name: string) => (version ? `${name}=${version}` : name);
  const names =
    source === "docker" ? [exact("docker-ce"), exact("docker-ce-cli"), "containerd.io"] : [exact("docker.io")];
  const packages = now.system.apparmor ? [...names, "apparmor"] : names;
  const trust = source === "docker" && repository ? trustRepository(now, repository, mirrors?.apt) : [];
  // Lists fetched before the repository was there do not have it, however fresh they are.
  const apt = trust.length > 0 ? { ...now.apt, fresh: false } : now.apt;
  return [...trust, ...ensurePackages({ packages, mirror: mirrors?.apt }).plan(apt)];
}

const hint = "see the daemon's own words on the machine: journalctl -u docker.service -n 50";

const enable: Command = {
  title: "enable docker.service",
  script: "systemctl enable docker.service",
  try: "where somebody masked it: systemctl unmask docker.service",
};

function started({ active, settingsInForce }: ServiceFacts, written: boolean): Command[] {
  if (!active) {
    const script = "systemctl reset-failed docker.service docker.socket || :\nsystemctl start docker.service";
    return [{ title: "start docker.service", script, try: hint }];
  }
  if (settingsInForce && !written) return [];
  // The reload turns live-restore on first, so that the restart keeps running containers.
  const script = "systemctl reload docker.service || :\nsystemctl restart docker.service";
  return [{ title: "restart docker.service for its new settings", script, try: hint }];
}
