import type { FilesystemPolicy, Policy } from "../policy.ts";
import { within } from "../within.ts";
import type { AccessChange } from "./change.ts";

type Level = "hidden" | "read" | "read and write";
const order: Level[] = ["hidden", "read", "read and write"];

/**
 * What differs on disk. The two runtimes read nested paths differently (under Landlock a writable folder makes all below it
 * writable; the mounts of the embedded runtime go by the nearest listed path), so a change counts as widening when it widens
 * under either reading.
 */
export function diskChanges(before: Policy, after: Policy): AccessChange[] {
  const [was, is] = [before.filesystem_policy ?? {}, after.filesystem_policy ?? {}];
  const paths = [...new Set([was, is].flatMap(listed))].sort();
  const found = paths.flatMap((path): AccessChange[] => {
    const steps = [nearest, united].map((read) => [read(was, path), read(is, path)] as const);
    const [from, to] =
      steps.find(([a, b]) => order.indexOf(b) > order.indexOf(a)) ?? steps.find(([a, b]) => a !== b) ?? [];
    if (from === undefined || to === undefined) return [];
    const widens = order.indexOf(to) > order.indexOf(from);
    return [one(widens ? "widens" : "narrows", `${path} and what is in it: ${to}`, `${from} before`)];
  });
  return [...found, ...workdir(was, is)];
}

function one(effect: AccessChange["effect"], what: string, note: string): AccessChange {
  return { area: "disk", effect, comparable: true, what, note, blocks: [], sources: [] };
}

function listed({ read_only = [], read_write = [] }: FilesystemPolicy): string[] {
  return [...read_only, ...read_write];
}

function nearest(policy: FilesystemPolicy, path: string): Level {
  const closest = listed(policy)
    .filter((parent) => within(path, parent))
    .sort((a, b) => b.length - a.length)[0];
  if (closest === undefined) return "hidden";
  return (policy.read_write ?? []).includes(closest) ? "read and write" : "read";
}

function united(policy: FilesystemPolicy, path: string): Level {
  if ((policy.read_write ?? []).some((parent) => within(path, parent))) return "read and write";
  return (policy.read_only ?? []).some((parent) => within(path, parent)) ? "read" : "hidden";
}

function workdir(was: FilesystemPolicy, is: FilesystemPolicy): AccessChange[] {
  if ((was.include_workdir ?? false) === (is.include_workdir ?? false)) return [];
  const [what, note] = [
    "the working directory: read and write (include_workdir)",
    is.include_workdir ? "new" : "no more",
  ];
  return [one(is.include_workdir ? "widens" : "narrows", what, note)];
}
