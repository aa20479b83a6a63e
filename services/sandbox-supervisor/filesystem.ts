import type { Need } from "./readable.ts";

/** The part of OpenShell's policy that says what of the disk is there. */
export interface FilesystemPolicy {
  readonly include_workdir?: boolean;
  readonly read_only?: readonly string[];
  readonly read_write?: readonly string[];
}

/** What the translation asks about the disk. */
export interface Disk {
  /** Where a path really is, with every link resolved; nothing when it does not exist. */
  real(path: string): string | undefined;
  /** Names in a folder; empty for anything else. */
  list(folder: string): readonly string[];
}

/** sandbox-runtime's lists under `denyRead: ["/"]`. */
export interface Access {
  readonly allowRead: readonly string[];
  readonly allowWrite: readonly string[];
  readonly denyWrite: readonly string[];
  /** Folders inside what is readable that are not. */
  readonly denyRead: readonly string[];
  /** Paths of the policy that are not taken as written, each with the reason. */
  readonly skipped: readonly Need[];
}

export interface AccessRequest {
  readonly policy: FilesystemPolicy;
  /** Readable whatever the policy says. */
  readonly needs: readonly Need[];
  /** Writable whatever the policy says: the agent's own state. */
  readonly state: readonly string[];
  readonly workspace: string;
  /** Folders of the deployment itself, which no policy opens: other sandboxes of the machine have theirs in them. */
  readonly hidden: readonly string[];
  readonly disk: Disk;
}

/**
 * Translates a policy into sandbox-runtime's lists. A folder that is readable and has something writable below it is listed
 * child by child, because sandbox-runtime would make what is below a readable folder read-only.
 *
 * @throws when a read-only path inside a writable one has a writable path inside: no list says that
 */
export function access({ policy, needs, state, workspace, hidden, disk }: AccessRequest): Access {
  const skipped: Need[] = [];
  const isHidden = (path: string) => hidden.some((folder) => path === folder || below(path, folder));
  const unusable = (path: string) => kernel(path) ?? (isHidden(path) ? "it is the deployment's own" : undefined);
  const resolve = (paths: readonly string[]) =>
    paths.flatMap((path) => {
      const real = disk.real(path);
      const reason = unusable(path) ?? (real === undefined ? "does not exist" : unusable(real));
      if (reason === undefined) return [real as string];
      skipped.push({ path, reason });
      return [];
    });

  const wanted = [...(policy.read_write ?? []), ...(policy.include_workdir ? [workspace] : [])];
  const writable = [...resolve(wanted), ...state];
  const allowWrite = outermost(writable);
  const readOnly = resolve(policy.read_only ?? []).filter((path) => !allowWrite.includes(path));
  const needed = needs.flatMap(({ path }) => disk.real(path) ?? []);

  const denyWrite = outermost(readOnly.filter((path) => allowWrite.some((parent) => below(path, parent))));
  for (const path of denyWrite) {
    const inner = writable.find((other) => below(other, path));
    if (inner)
      throw new Error(`${inner} cannot be writable inside the read-only ${path}, which is itself in a writable folder`);
  }

  const readable = [...readOnly, ...needed].filter(
    (path) => !allowWrite.some((parent) => path === parent || below(path, parent)),
  );
  const listed = readable.flatMap((path) => around(path, allowWrite, disk));
  // What is needed from a hidden folder is listed by itself, since the folder around it is not readable.
  const allowRead = [...outermost(listed.filter((path) => !isHidden(path))), ...outermost(needed.filter(isHidden))];
  const denyRead = hidden.filter((folder) => disk.real(folder) === folder);
  return { allowRead, allowWrite, denyWrite, denyRead, skipped };
}

// These three are made anew for each sandbox, whatever is listed.
function kernel(path: string): string | undefined {
  return /^\/(dev|proc|sys)(\/|$)/.test(path) ? "the sandbox has its own /dev, /proc and /sys" : undefined;
}

function below(path: string, parent: string): boolean {
  return path !== parent && path.startsWith(parent === "/" ? "/" : `${parent}/`);
}

// Each path once, and none that lies in another: fewer mounts, the same view.
function outermost(paths: readonly string[]): string[] {
  const all = [...new Set(paths)].sort();
  return all.filter((path) => !all.some((other) => below(path, other)));
}

// The folder, or what is in it but for the branches that lead to something writable.
function around(folder: string, writable: readonly string[], disk: Disk): string[] {
  if (!writable.some((path) => below(path, folder))) return [folder];
  return disk.list(folder).flatMap((name) => {
    const child = folder === "/" ? `/${name}` : `${folder}/${name}`;
    if (kernel(child) !== undefined || writable.includes(child)) return [];
    return around(child, writable, disk);
  });
}
