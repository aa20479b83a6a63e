import { argv, quote } from "../command.ts";
import type { Step } from "../step.ts";
import { absolute, type FileFacts, fileFacts } from "./file-facts.ts";
import { type GroupFacts, groupFacts, type UserFacts, userFacts } from "./system-user.ts";
import { appliedPath, type UnitState, unitState } from "./systemd-unit.ts";

/** Nothing at this path: a file, a link, or a folder with all that is in it. */
export function ensureAbsent({ path }: { readonly path: string }): Step<FileFacts> {
  // A slip in a path must not cost a whole tree of the system.
  if (absolute(path).split("/").filter(Boolean).length < 2) throw new Error(`too close to the root to remove: ${path}`);
  return {
    name: `no ${path}`,
    facts: fileFacts(path),
    plan: (now) => (now.kind === "absent" ? [] : [argv(`remove ${path}`, ["rm", "-rf", "--", path])]),
    kept: { paths: [path], units: [] },
  };
}

export interface NoUnitFacts {
  readonly state: UnitState;
  readonly file: FileFacts;
}

/** A unit of ours stopped, disabled, and its file gone. */
export function ensureNoUnit({ name, path }: { readonly name: string; readonly path?: string }): Step<NoUnitFacts> {
  const file = absolute(path ?? `/etc/systemd/system/${name}`);
  const unit = quote(name);
  return {
    name: `no unit ${name}`,
    facts: { state: unitState(name), file: fileFacts(file) },
    plan: ({ state, file: now }) => {
      const idle = state.activeState === "inactive" && state.mainPid === 0;
      if (now.kind === "absent" && idle) return [];
      return [
        {
          title: `remove ${name}`,
          script: `systemctl disable --now -- ${unit} || systemctl stop -- ${unit} || :
rm -f ${quote(file)} ${quote(appliedPath(name))}
rm -rf ${quote(`/etc/systemd/system/${name}.d`)}
systemctl daemon-reload
systemctl reset-failed -- ${unit} 2>/dev/null || :`,
          timeoutSeconds: 180,
        },
      ];
    },
  };
}

/** A system user of ours gone; its processes must have ended by then. Files stay. */
export function ensureNoUser({ name }: { readonly name: string }): Step<UserFacts> {
  return {
    name: `no user ${name}`,
    facts: userFacts(name),
    plan: ({ exists }) => (exists ? [argv(`remove the user ${name}`, ["userdel", "--", name])] : []),
  };
}

/** A system group of ours gone. Whoever was in it beside their own group is merely not in it any more. */
export function ensureNoGroup({ name }: { readonly name: string }): Step<GroupFacts> {
  return {
    name: `no group ${name}`,
    facts: groupFacts(name),
    plan: ({ exists }) => (exists ? [argv(`remove the group ${name}`, ["groupdel", "--", name])] : []),
  };
}
