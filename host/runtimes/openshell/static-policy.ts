import { canonical } from "../../../policies/canonical.ts";
import type { StaticPolicy } from "../runtime.ts";
import type { Dialect } from "./dialect.ts";
import { inside } from "./paths.ts";

/**
 * The policy a sandbox is made with: ours, with what the agent needs to run. OpenShell calls the image's working directory
 * the workdir, and that holds the agent's state; the policy means the workspace.
 */
export function sentPolicy(policy: StaticPolicy, programs: readonly string[]): StaticPolicy {
  const { filesystem_policy: { include_workdir, read_only = [], read_write = [] } = {} } = policy;
  const writable = [...read_write, ...(include_workdir ? [inside.workspace] : [])];
  return {
    ...policy,
    filesystem_policy: {
      include_workdir: true,
      read_only: unique([...read_only, ...programs]),
      read_write: unique(writable),
    },
  };
}

/**
 * What the gateway says of a sandbox's static policy, in our policy's words: without what we and the gateway added. Equal to
 * what was wanted, it is the wanted one itself, so that no order of a list is a difference.
 *
 * @param added what the gateway adds to every policy by itself
 */
export function observedPolicy(
  wanted: StaticPolicy,
  programs: readonly string[],
  live: unknown,
  added: Dialect["added"],
): StaticPolicy {
  const found = live as Partial<StaticPolicy> | undefined;
  const sent = sentPolicy(wanted, programs).filesystem_policy;
  const lists = found?.filesystem_policy ?? {};
  const readOnly = sameSet(lists.read_only ?? [], sent?.read_only ?? [], added.readOnly);
  const readWrite = sameSet(lists.read_write ?? [], sent?.read_write ?? [], added.readWrite);
  const rest = (policy: Partial<StaticPolicy> | undefined) =>
    canonical({
      landlock: policy?.landlock?.compatibility ?? "best_effort",
      user: policy?.process?.run_as_user ?? "sandbox",
      group: policy?.process?.run_as_group ?? "sandbox",
    });
  if (readOnly && readWrite && lists.include_workdir === true && rest(found) === rest(wanted)) return wanted;
  const { read_only = [], read_write = [] } = wanted.filesystem_policy ?? {};
  const listed = new Set([...read_only, ...read_write]);
  const own = new Set([...programs, ...added.readOnly, ...added.readWrite].filter((path) => !listed.has(path)));
  return {
    version: 1,
    filesystem_policy: {
      include_workdir: wanted.filesystem_policy?.include_workdir,
      read_only: (lists.read_only ?? []).filter((path) => !own.has(path)),
      read_write: lists.read_write?.filter((path) => !own.has(path)),
    },
    landlock: found?.landlock,
    process: found?.process,
  };
}

function sameSet(found: readonly string[], wanted: readonly string[], also: readonly string[] = []): boolean {
  const [has, should] = [new Set(found), new Set(wanted)];
  return [...should].every((path) => has.has(path)) && found.every((path) => should.has(path) || also.includes(path));
}

function unique(paths: readonly string[]): string[] {
  return [...new Set(paths)];
}
