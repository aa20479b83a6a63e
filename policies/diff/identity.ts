import { canonical } from "../canonical.ts";
import type { Policy } from "../policy.ts";
import type { AccessChange, Effect } from "./change.ts";

/** Differences in whom the agent runs as, and in how strictly the kernel has to confine it. */
export function identityChanges(before: Policy, after: Policy): AccessChange[] {
  return [
    ...(["run_as_user", "run_as_group"] as const).flatMap((field) => identity(field, before, after)),
    ...landlock(before, after),
    ...middlewares(before, after),
  ];
}

function one(
  area: AccessChange["area"],
  effect: Effect,
  what: string,
  note: string,
  comparable = true,
  blocks: string[] = [],
): AccessChange {
  return { area, effect, comparable, what, note, blocks, sources: [] };
}

function identity(field: "run_as_user" | "run_as_group", before: Policy, after: Policy): AccessChange[] {
  const [was, is] = [before.process?.[field] ?? "sandbox", after.process?.[field] ?? "sandbox"];
  if (was === is) return [];
  const what = `the agent runs as ${field === "run_as_user" ? "user" : "group"} ${is}`;
  // The sandbox's own identity owns nothing else; what another one may do is not in the policy.
  const narrows = is === "sandbox";
  return [one("identity", narrows ? "narrows" : "widens", what, `${was} before`, narrows)];
}

function landlock(before: Policy, after: Policy): AccessChange[] {
  const [was, is] = [before, after].map(({ landlock }) => landlock?.compatibility ?? "best_effort");
  if (was === is || is === undefined) return [];
  const strict = is === "hard_requirement";
  const what = strict
    ? "starts only where the kernel confines it fully"
    : "starts also where the kernel cannot confine it fully";
  return [one("enforcement", strict ? "narrows" : "widens", what, `landlock: ${was} before, ${is} now`)];
}

function middlewares(before: Policy, after: Policy): AccessChange[] {
  const [was, is] = [before.network_middlewares ?? {}, after.network_middlewares ?? {}];
  return [...new Set([...Object.keys(was), ...Object.keys(is)])].sort().flatMap((name): AccessChange[] => {
    if (canonical(was[name]) === canonical(is[name])) return [];
    const note = was[name] === undefined ? "new" : is[name] === undefined ? "gone" : "changed";
    return [one("enforcement", "widens", `middleware ${name}`, note, false, [name])];
  });
}
