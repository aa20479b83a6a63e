import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { keptFolder } from "./clone-paths.ts";
import { clonesPulumiHome } from "./pulumi-home.ts";
import { writeOnce } from "./write-once.ts";

/** The stack that always lives in the clone: file backend, generated passphrase, whatever the user is logged in to. */
export const localStack = "local";

/**
 * Whether a stack lives in the clone: `local`, and `local-` with anything behind it for a second one. One with an organization is its
 * backend's, whatever it is called.
 */
export function isLocal(stack: string): boolean {
  return !stack.includes("/") && (stack === localStack || stack.startsWith(`${localStack}-`));
}

const stateFolder = join(keptFolder, "state");

/** What the secrets of local stacks are encrypted with, in their state and in their files. */
export const passphraseFile = join(keptFolder, "passphrase");

/** Where a local stack's state is, written by either engine. */
export function stackStateFile(stack: string): string {
  return join(stateFolder, ".pulumi", "stacks", "nemoclaw", `${stack}.json`);
}

/** Whether anything stands according to a local stack's state; asked without an engine, which takes a second to start. */
export async function hasResources(stack: string): Promise<boolean> {
  return (await readLatest(stack)).resources.length > 0;
}

/** Whether creations that were cut short are still noted in a local stack's state, each of something that stands by now. */
export async function cutCreationsStand(stack: string): Promise<boolean> {
  const { resources, pending_operations: operations } = await readLatest(stack);
  const standing = new Set(resources.map(({ urn }) => urn));
  const cut = operations.filter(({ type }) => type === "creating");
  // Of one that the program has given up nobody has looked whether it is there.
  return cut.length > 0 && cut.every(({ resource }) => standing.has(resource.urn));
}

interface Latest {
  readonly resources: readonly { readonly urn: string }[];
  readonly pending_operations: readonly { readonly type: string; readonly resource: { readonly urn: string } }[];
}

async function readLatest(stack: string): Promise<Latest> {
  const state = JSON.parse(await readFile(stackStateFile(stack), "utf8").catch(() => "{}"));
  const { resources, pending_operations: operations } = (state.checkpoint?.latest ?? {}) as Partial<Latest>;
  return { resources: resources ?? [], pending_operations: operations ?? [] };
}

/**
 * The environment in which an engine works on a stack. For a local stack it names the file backend and Pulumi's home in the clone
 * and makes the passphrase on first use; for others it changes nothing but the update check, so that the user's own login counts.
 */
export async function backendEnvironment(stack: string): Promise<NodeJS.ProcessEnv> {
  const env: NodeJS.ProcessEnv = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true", PULUMI_STACK: stack };
  if (!isLocal(stack)) return env;
  await mkdir(stateFolder, { recursive: true, mode: 0o700 });
  const written = await writeOnce(passphraseFile, () => randomBytes(32).toString("base64url"));
  if (!written) await chmod(passphraseFile, 0o600);
  // A passphrase in the environment would win over the file.
  delete env.PULUMI_CONFIG_PASSPHRASE;
  return {
    ...env,
    PULUMI_HOME: await clonesPulumiHome(),
    PULUMI_BACKEND_URL: `file://${stateFolder}`,
    PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile,
  };
}

/** A process that is at work on a local stack, and the lock that it holds. */
export interface LockHolder {
  readonly pid: number;
  readonly file: string;
}

/**
 * The processes of this computer that are at work on a local stack. A lock of another computer's, or of this one under another name,
 * tells nothing of the processes here: of that the engines themselves tell.
 */
export async function lockHolders(stack: string): Promise<LockHolder[]> {
  return (await readLocks(stack)).filter(({ here, dead }) => here && !dead);
}

/** The files of such locks, which no engine takes away. */
export async function locksOfOthers(stack: string): Promise<string[]> {
  return (await readLocks(stack)).filter(({ here }) => !here).map(({ file }) => file);
}

/**
 * Removes the locks of a local stack whose process is gone: a killed Pulumi CLI leaves its lock behind, and every later
 * command would refuse to start. The embedded engine does this itself.
 */
export async function releaseDeadLocks(stack: string): Promise<void> {
  for (const { file, dead } of await readLocks(stack)) if (dead) await rm(file, { force: true });
}

async function readLocks(stack: string): Promise<(LockHolder & { here: boolean; dead: boolean })[]> {
  const folder = join(stateFolder, ".pulumi", "locks", "organization", "nemoclaw", stack);
  const names = (await readdir(folder).catch(() => [] as string[])).filter((name) => name.endsWith(".json"));
  const locks = await Promise.all(
    names.map(async (name) => {
      const file = join(folder, name);
      const lock = JSON.parse(await readFile(file, "utf8").catch(() => "{}")) as { pid?: number; hostname?: string };
      const pid = lock.pid ?? 0;
      const here = lock.hostname === hostname();
      return { file, pid, here, dead: here && !(await isEngine(pid)) };
    }),
  );
  return locks.filter(({ pid }) => pid > 0);
}

/** Process ids are used again, so one that runs something else is no engine any more. */
async function isEngine(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "pulumi");
  return /pulumi|engine\/main/.test(line);
}
