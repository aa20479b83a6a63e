import type { Command } from "../command.ts";
import type { AptFacts } from "./apt-packages.ts";
import { type PinnedRepository, type RepositoryFacts, trustSignedRepository } from "./signed-repository.ts";

/** NVIDIA's signed package repository of the container toolkit: `apt.nvidia-container-toolkit` of the lock file. */
export type NvidiaRepository = PinnedRepository;

/** Commands that add the repository; empty when it is there with the right key. */
export function trustNvidiaRepository(
  now: { readonly repository: RepositoryFacts; readonly apt: AptFacts; readonly arch: string },
  wanted: NvidiaRepository,
  mirror?: string,
): Command[] {
  const uri = wanted.uri.replace(/\/+$/, "");
  // A repository without suites: the packages lie in the folder itself.
  const source = `URIs: ${uri}/stable/deb/${now.arch}\nSuites: /`;
  const layout = { name: "nvidia", publisher: "NVIDIA", uri, key: "gpgkey", source };
  return trustSignedRepository(now, layout, wanted.fingerprint, mirror);
}
