import type { Command } from "../command.ts";
import type { AptFacts } from "./apt-packages.ts";
import { keyAddress, type PinnedRepository, type RepositoryFacts, trustSignedRepository } from "./signed-repository.ts";

/** NVIDIA's signed package repository of the container toolkit: `apt.nvidia-container-toolkit` of the lock file. */
export type NvidiaRepository = PinnedRepository;

/** Commands that add the repository; empty when it is there with the right key. */
export function trustNvidiaRepository(
  now: { readonly repository: RepositoryFacts; readonly apt: AptFacts; readonly arch: string },
  wanted: NvidiaRepository,
  mirror?: string,
): Command[] {
  const place = placeOf(wanted);
  // A repository without suites: the packages lie in the folder itself.
  const source = `URIs: ${place.uri}/stable/deb/${now.arch}\nSuites: /`;
  const layout = { name: "nvidia", publisher: "NVIDIA", ...place, source };
  return trustSignedRepository(now, layout, wanted.fingerprint, mirror);
}

/** Where its keys are. */
export function nvidiaKeys(wanted: NvidiaRepository): string[] {
  return [keyAddress(placeOf(wanted))];
}

function placeOf({ uri }: NvidiaRepository): { uri: string; key: string } {
  return { uri: uri.replace(/\/+$/, ""), key: "gpgkey" };
}
