import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HostError } from "../host/errors.ts";
import type { Lock } from "../host/lock.ts";
import type { LockGap } from "../host/lock-check.ts";
import { downloadIfThere } from "../host/lock-download.ts";
import { dockerKeys } from "../host/steps/docker-repository.ts";
import { nvidiaKeys } from "../host/steps/nvidia-repository.ts";
import { type PinnedRepository, soleFingerprint } from "../host/steps/signed-repository.ts";
import { runProgram } from "./run-program.ts";

interface Asking {
  readonly say: (what: string) => void;
  /** Why nobody is to be asked. */
  readonly offline?: string | undefined;
}

/** Where machines take the keys of a repository from, by its name in the lock file. */
const places = new Map<string, (repository: PinnedRepository) => string[]>([
  ["docker", dockerKeys],
  ["nvidia-container-toolkit", nvidiaKeys],
]);

/** Compares the keys of signed package repositories with the pinned fingerprints, as a machine would before it trusts one. */
export async function servedKeyGaps({ apt }: Pick<Lock, "apt">, { say, offline }: Asking): Promise<LockGap[]> {
  const gaps: LockGap[] = [];
  for (const [name, repository] of Object.entries(apt)) {
    const path = `apt.${name}`;
    const keys = places.get(name)?.(repository);
    if (keys === undefined) gaps.push(notAsked(path, repository.uri, "no machine uses it"));
    else if (offline !== undefined) gaps.push(notAsked(path, repository.uri, offline));
    else for (const url of keys) gaps.push(...(await gapsOf(path, url, repository.fingerprint, say)));
  }
  return gaps;
}

async function gapsOf(path: string, url: string, pinned: string, say: Asking["say"]): Promise<LockGap[]> {
  say(`comparing the key at ${url}`);
  let key: Buffer | undefined;
  try {
    key = await downloadIfThere(url);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return [notAsked(path, url, error.details.said ?? error.details.summary)];
  }
  if (key === undefined) return [differs(path, `there is no key at ${url}`)];
  const found = await fingerprintOf(key);
  if (found === undefined) return [notAsked(path, url, "there is no gpg here")];
  if (found === pinned) return [];
  return [differs(path, `the key at ${url} is ${found || "not exactly one readable key"}, and ${pinned} is pinned`)];
}

/** Of the only key in there, else nothing; undefined where nobody can tell. */
async function fingerprintOf(key: Buffer): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "nemoclaw-key-"));
  try {
    const file = join(folder, "key");
    await writeFile(file, key);
    const script = `command -v gpg >/dev/null || exit 127\n${soleFingerprint('"$1"')}`;
    // A home of its own: gpg would make one for the person who asks.
    const env = { ...process.env, GNUPGHOME: folder };
    const { exitCode, stdout } = await runProgram(["sh", "-c", script, "sh", file], { env, timeoutSeconds: 60 });
    return exitCode === 0 ? stdout.trim() : undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function differs(path: string, message: string): LockGap {
  return {
    path,
    message,
    try: "compare with the fingerprint that the publisher names, before you change the lock file",
  };
}

function notAsked(path: string, url: string, why: string): LockGap {
  return {
    path,
    message: `the key at ${url} was not asked for: ${why}`,
    try: "scripts/lock check --served, where gpg is and the network; or compare the fingerprint with the one that the publisher names",
    asked: false,
  };
}
