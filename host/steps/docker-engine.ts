/**
 * Docker on a machine.
 *
 * - `ensureDockerEngine({ source, version?, repository?, gpus?, mirrors? })` → `Step<DockerEngineFacts>`
 * - `dockerEngineState(facts)` → what a resource shows: installed, version, foreign, enabled, active
 * - `leaveDockerEngine()` → what a delete does, which removes no package
 * - `proveDockerEngine(host)` is in `docker-proof.ts`, whose a Docker is in `docker-whose.ts`
 */
import type { Command } from "../command.ts";
import { HostError } from "../errors.ts";
import type { Mirrors } from "../runtimes/runtime.ts";
import type { Step } from "../step.ts";
import { ensurePackages } from "./apt-packages.ts";
import { ensureAuthorities } from "./authorities.ts";
import { type DockerEngineFacts, dockerEngineFacts } from "./docker-facts.ts";
import {
  type DockerFound,
  type DockerPackage,
  type DockerSource,
  dockerFound,
  installedDocker,
  notePath,
} from "./docker-found.ts";
import { type DockerRepository, trustRepository } from "./docker-repository.ts";
import { keepsContainers, settingsPath, settingsWanted } from "./docker-settings.ts";
import { chosenPackage, refuseConflicts, whoseDocker } from "./docker-whose.ts";
import { writeFile } from "./managed-file.ts";

export interface DockerEngineArgs {
  /**
   * What a machine without Docker gets. `distribution`: Debian's or Ubuntu's `docker.io`. `docker`: Docker's own signed package
   * repository. A Docker that is there stays, wherever it is from.
   */
  readonly source: DockerSource;
  /** The package's exact version. @default what the source offers at the first installation; never upgraded by itself */
  readonly version?: string;
  /** Docker's repository, from the lock file. Required where Docker's own packages are installed. */
  readonly repository?: DockerRepository;
  /** Whether containers get GPUs. @default false */
  readonly gpus?: boolean;
  readonly mirrors?: Mirrors;
}

/**
 * Docker that runs and starts with the machine. One that was there before is used as it is, or refused; nothing of it is
 * changed. Where there is none it is installed, with log rotation, and keeping containers over its own restarts. Where the
 * kernel has AppArmor on, the `apparmor` package too: without it Debian's `docker.io` starts no container.
 *
 * @throws HostError from its plan: `foreign` where somebody's Docker does not run, or others would have to go for ours,
 * `command` on a system without apt
 * @example
 * await ensure(host, ensureDockerEngine({ source: "distribution" }));
 */
export function ensureDockerEngine(args: DockerEngineArgs): Step<DockerEngineFacts> {
  const { ca } = args.mirrors ?? {};
  return {
    name: "Docker Engine",
    facts: dockerEngineFacts,
    plan(now) {
      refuseConflicts(now.found, args.source);
      const authorities = ca ? ensureAuthorities({ ca }).plan(now.authorities) : [];
      if (whoseDocker(now.found) === "theirs") return authorities;
      checkSystem(now, args);
      return [...authorities, ...ofOurs(now, args)];
    },
  };
}

/** What a resource shows of it. */
export function dockerEngineState({ found }: Pick<DockerEngineFacts, "found">) {
  const { packages, service, daemon } = found;
  const name = installedDocker(found);
  const whose = whoseDocker(found);
  return {
    installed: name !== undefined || whose === "theirs",
    /** Of the daemon where it answers, else of the package. */
    version: daemon.version ?? (name && packages[name])?.replace(/^\d+:/, ""),
    /** Whether it was there before, and is used as it is. */
    foreign: whose === "theirs",
    enabled: whose === "theirs" ? service.comesUp : service.enabled,
    active: service.active,
  };
}

/**
 * Others may use Docker: a delete leaves it as it is, with its settings and containers, and takes the note away. The next stack
 * knows it by its settings alone, as `whoseDocker` says.
 */
export function leaveDockerEngine(): Step<Pick<DockerFound, "noted">> {
  return {
    name: "Docker Engine stays",
    facts: { noted: dockerFound.noted },
    plan: ({ noted }) => (noted === undefined ? [] : [{ title: `remove ${notePath}`, script: `rm -f ${notePath}` }]),
  };
}

function checkSystem({ system: { arch, distribution }, found }: DockerEngineFacts, args: DockerEngineArgs): void {
  if (!arch) {
    throw new HostError("command", {
      summary: `Docker can be installed on Debian and Ubuntu only, and this machine is ${distribution || "neither"}`,
      try: "choose a Debian 12 or Ubuntu 24.04 image for the machine, or install Docker yourself: it is then used as it is",
    });
  }
  if (chosenPackage(found, args.source) === "docker-ce" && !found.packages["docker-ce"] && !args.repository) {
    throw new HostError("integrity", {
      summary:
        "Docker's own packages need the repository's address and its key's fingerprint, and the lock file has neither",
      try: "give the lock file its entry apt.docker back, as this project's nemoclaw.lock.json has it",
    });
  }
}

function ofOurs(now: DockerEngineFacts, args: DockerEngineArgs): Command[] {
  const { settings, noted, service, daemon } = now.found;
  const chosen = chosenPackage(now.found, args.source);
  const wanted = settingsWanted(settings, { gpus: args.gpus, swarm: daemon.swarm });
  return [
    ...(noted === chosen ? [] : [writeFile({ path: notePath, content: `${JSON.stringify({ installed: chosen })}\n` })]),
    // Before the installation, so that the daemon's first start has them already.
    ...(wanted === undefined ? [] : [writeFile({ path: settingsPath, content: wanted })]),
    ...installation(now, args, chosen),
    ...(service.enabled ? [] : [enable]),
    ...started(now.found, wanted),
  ];
}

function installation(
  now: DockerEngineFacts,
  { version, repository, mirrors }: DockerEngineArgs,
  chosen: DockerPackage,
): Command[] {
  const exact = (name: string) => (version ? `${name}=${version}` : name);
  const own = chosen === "docker-ce";
  const distributions = clientIsApart(now.system) ? [exact(chosen), "docker-cli"] : [exact(chosen)];
  const names = own ? [exact("docker-ce"), exact("docker-ce-cli"), "containerd.io"] : distributions;
  const packages = now.system.apparmor ? [...names, "apparmor"] : names;
  const trust = own && repository ? trustRepository(now, repository, mirrors?.apt) : [];
  // Lists fetched before the repository was there do not have it, however fresh they are.
  const apt = trust.length > 0 ? { ...now.apt, fresh: false } : now.apt;
  return [...trust, ...ensurePackages({ packages, mirror: mirrors?.apt }).plan(apt)];
}

/** Since Debian 13 `docker.io` is the daemon alone, and only recommends its client. */
function clientIsApart({ distribution, codename }: DockerEngineFacts["system"]): boolean {
  return distribution === "debian" && !["bullseye", "bookworm"].includes(codename);
}

const hint = "see the daemon's own words on the machine: journalctl -u docker.service -n 50";

const enable: Command = {
  title: "enable docker.service",
  script: "systemctl enable docker.service",
  try: "where somebody masked it: systemctl unmask docker.service",
};

function started({ settings, service, daemon }: DockerFound, written: string | undefined): Command[] {
  if (!service.active) {
    const script = "systemctl reset-failed docker.service docker.socket || :\nsystemctl start docker.service";
    return [{ title: "start docker.service", script, try: hint }];
  }
  if (service.settingsInForce && written === undefined) return [];
  // What runs, or may run where the daemon did not answer, is not ended for a setting: it is in force from the next start on.
  const mayRun = daemon.version === undefined || daemon.containers > 0;
  if (mayRun && !keepsContainers(written ?? settings)) return [];
  // The reload turns live-restore on first, so that the restart keeps running containers.
  const script = "systemctl reload docker.service || :\nsystemctl restart docker.service";
  return [{ title: "restart docker.service for its new settings", script, try: hint }];
}
