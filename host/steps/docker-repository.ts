import type { Command } from "../command.ts";
import type { DockerEngineFacts } from "./docker-facts.ts";
import { type PinnedRepository, trustSignedRepository } from "./signed-repository.ts";

/** Docker's signed package repository: `apt.docker` of the lock file, its address without the distribution. */
export type DockerRepository = PinnedRepository;

/** Commands that add the repository; empty when it is there with the right key. */
export function trustRepository(now: DockerEngineFacts, wanted: DockerRepository, mirror?: string): Command[] {
  const { distribution, codename, arch } = now.system;
  const uri = `${wanted.uri.replace(/\/+$/, "")}/${distribution}`;
  const source = `URIs: ${uri}\nSuites: ${codename}\nComponents: stable\nArchitectures: ${arch}`;
  const layout = { name: "docker", publisher: "Docker", uri, key: "gpg", source };
  return trustSignedRepository(now, layout, wanted.fingerprint, mirror);
}
