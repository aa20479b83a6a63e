import { HostError } from "../errors.ts";
import type { Finding } from "../preflight/verdict.ts";
import {
  type DockerFound,
  type DockerPackage,
  type DockerSource,
  distributionPackages,
  dockerPackages,
  installedDocker,
  ownPackages,
  rivalPackages,
} from "./docker-found.ts";
import { hasOurSettings } from "./docker-settings.ts";

/** `none`: there is no Docker, or one that was begun to be installed. `ours`: a stack installed it. `theirs`: it was there before. */
export type Whose = "none" | "ours" | "theirs";

/**
 * Whose Docker is on a machine. Ours is noted beside its settings; where there is no note, as with stacks from before there
 * was one and after a destroy, the distribution's package with exactly our settings is ours.
 */
export function whoseDocker({ packages, settings, noted, service, daemon }: DockerFound): Whose {
  const installed = dockerPackages.filter((name) => packages[name]);
  if (installed.length === 0 && !service.loaded && !daemon.listens) return "none";
  if (noted !== undefined) return installed.every((name) => name === noted) ? "ours" : "theirs";
  return installed[0] === "docker.io" && hasOurSettings(settings) ? "ours" : "theirs";
}

/** What it is called for a person: `docker-ce 5:28.2.2-1`. */
export function nameOfDocker({ packages, daemon }: DockerFound): string {
  const name = installedDocker({ packages });
  if (name) return `${name} ${packages[name]}`;
  return `${daemon.version ? `Docker ${daemon.version}` : "a daemon"} of no package`;
}

/** The package that a machine has or gets: what is there stays. */
export function chosenPackage(found: DockerFound, source: DockerSource): DockerPackage {
  return installedDocker(found) ?? missingPackage(found, source);
}

/** Beside what an installation of ours left of Docker's own packages, there can be nothing but them. */
function missingPackage({ packages, noted }: DockerFound, source: DockerSource): "docker.io" | "docker-ce" {
  const left = noted === "docker-ce" && ownPackages.some((name) => packages[name]);
  return source === "docker" || left ? "docker-ce" : "docker.io";
}

/**
 * Why Docker cannot be had here without changing what is somebody else's: theirs is used as it is or not at all, and none is
 * installed where others would have to go. Nothing for ours.
 */
export function dockerConflicts(found: DockerFound, source: DockerSource): Finding[] {
  const whose = whoseDocker(found);
  if (whose === "ours") return [];
  return whose === "none" ? rivals(found, source) : shortcomings(found);
}

/** @throws HostError `foreign` with all that `dockerConflicts` finds */
export function refuseConflicts(found: DockerFound, source: DockerSource): void {
  const conflicts = dockerConflicts(found, source);
  if (conflicts.length === 0) return;
  throw new HostError("foreign", {
    summary: conflicts.map((each) => each.found).join("; "),
    try: [...new Set(conflicts.map((each) => each.try))].join("; "),
  });
}

function shortcomings(docker: DockerFound): Finding[] {
  const { loaded, masked, active, comesUp } = docker.service;
  if (loaded && active && comesUp) return [];
  const theirs = `the Docker on this machine (${nameOfDocker(docker)}) is not this stack's`;
  if (masked) {
    const found = `${theirs}, and its docker.service is masked, so that it does not start`;
    const hint =
      "systemctl unmask docker.service, then systemctl enable --now docker.service, or remove that Docker: then one is installed";
    return [{ what: "docker", found, try: hint }];
  }
  if (!loaded) {
    const found = `${theirs}, and it is no docker.service, which sandboxes stand on`;
    const hint =
      "have Docker from a package that brings docker.service, not as a snap; or remove it: then one is installed";
    return [{ what: "docker", found, try: hint }];
  }
  const not = [...(active ? [] : ["run"]), ...(comesUp ? [] : ["start with the machine"])].join(" nor ");
  const hint = `systemctl ${comesUp ? "start" : "enable --now"} docker.service, or remove that Docker: then one is installed`;
  return [{ what: "docker", found: `${theirs}, and does not ${not}`, try: hint }];
}

/** What an installation of ours left is no rival of the next one. */
function rivals(found: DockerFound, source: DockerSource): Finding[] {
  const { packages, noted } = found;
  return rivalPackages[missingPackage(found, source)]
    .filter((name) => packages[name] && !(ownPackages.includes(name) && noted === "docker-ce"))
    .map((name) => ({
      what: "docker",
      found: `${name} ${packages[name]} is on this machine without Docker, for something else such as Kubernetes, and an installation of Docker could remove or exchange it`,
      try: distributionPackages.includes(name)
        ? "take the distribution's Docker, which stands on it: docker: { source: distribution }; or remove it where nothing uses it"
        : "install Docker beside it yourself, as suits what uses it: then it is used as it is; or take another machine",
    }));
}
