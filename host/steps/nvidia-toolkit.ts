import type { Command } from "../command.ts";
import type { Question, Questions } from "../question.ts";
import { type AptFacts, aptFacts, ensurePackages } from "./apt-packages.ts";
import { type NvidiaRepository, trustNvidiaRepository } from "./nvidia-repository.ts";
import { type RepositoryFacts, repositoryFacts } from "./signed-repository.ts";

export interface ToolkitFacts {
  readonly packages: AptFacts;
  readonly repository: RepositoryFacts;
  /** Of `nvidia-ctk`; empty where there is none. Images bring the toolkit without a package of this name. */
  readonly version: string;
}

interface ToolkitArgs {
  readonly repository?: NvidiaRepository;
  readonly mirror?: string;
}

const toolkit = "nvidia-container-toolkit";

const version: Question<string> = {
  script: "nvidia-ctk --version",
  parse: ({ stdout }) => /version (\S+)/.exec(stdout)?.[1] ?? "",
};

/** What there is of the toolkit, and of what it is installed from. */
export const toolkitFacts: Questions<ToolkitFacts> = {
  packages: aptFacts([toolkit, "ca-certificates", "curl", "gpg"]),
  repository: repositoryFacts("nvidia"),
  version,
};

/** Commands that install the toolkit, from NVIDIA's signed repository, where the image does not bring it. */
export function installToolkit(now: ToolkitFacts, arch: string, { repository, mirror }: ToolkitArgs): Command[] {
  if (now.version) return [];
  if (!repository) throw new Error("the container toolkit needs its repository's address and key, from the lock file");
  const trust = trustNvidiaRepository({ repository: now.repository, apt: now.packages, arch }, repository, mirror);
  // Lists fetched before the repository was there do not have it, however fresh they are.
  const apt = trust.length > 0 ? { ...now.packages, fresh: false } : now.packages;
  return [...trust, ...ensurePackages({ packages: [toolkit], mirror }).plan(apt)];
}
