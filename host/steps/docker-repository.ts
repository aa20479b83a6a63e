import type { Command } from "../command.ts";
import type { DockerEngineFacts } from "./docker-facts.ts";
import { keyAddress, type PinnedRepository, trustSignedRepository } from "./signed-repository.ts";

/** Docker's signed package repository: `apt.docker` of the lock file, its address without the distribution. */
export type DockerRepository = PinnedRepository;

/** Commands that add the repository; empty when it is there with the right key. */
export function trustRepository(now: DockerEngineFacts, wanted: DockerRepository, mirror?: string): Command[] {
  const { distribution, codename, arch } = now.system;
  const place = placeFor(wanted, distribution);
  const source = `URIs: ${place.uri}\nSuites: ${codename}\nComponents: stable\nArchitectures: ${arch}`;
  const layout = { name: "docker", publisher: "Docker", ...place, source };
  return trustSignedRepository(now, layout, wanted.fingerprint, mirror);
}

/** Where its keys are, for the distributions that machines have. */
export function dockerKeys(wanted: DockerRepository): string[] {
  return ["debian", "ubuntu"].map((distribution) => keyAddress(placeFor(wanted, distribution)));
}

function placeFor({ uri }: DockerRepository, distribution: string): { uri: string; key: string } {
  return { uri: `${uri.replace(/\/+$/, "")}/${distribution}`, key: "gpg" };
}
