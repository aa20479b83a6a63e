import { argv, type Command, quote } from "../command.ts";
import type { Question } from "../question.ts";
import type { Step } from "../step.ts";

/** A user that programs run as: no password, no login. */
export interface SystemUser {
  readonly name: string;
  /** Groups besides its own, which must exist by then. */
  readonly groups?: readonly string[];
  /** @default /nonexistent */
  readonly home?: string;
  /** @default /usr/sbin/nologin */
  readonly shell?: string;
}

export interface UserFacts {
  readonly exists: boolean;
  readonly home?: string;
  readonly shell?: string;
  /** Besides its own. */
  readonly groups: readonly string[];
}

export function userFacts(name: string): Question<UserFacts> {
  const user = quote(name);
  return {
    script: `getent passwd ${user} && id -nG ${user}`,
    parse: ({ stdout, exitCode }) => {
      if (exitCode !== 0) return { exists: false, groups: [] };
      const [entry = "", groups = ""] = stdout.split("\n");
      const [, , , , , home = "", shell = ""] = entry.split(":");
      return { exists: true, home, shell, groups: groups.split(" ").filter((group) => group && group !== name) };
    },
  };
}

/** A system user with a group of the same name, a member of these groups at least. */
export function ensureSystemUser(user: SystemUser): Step<UserFacts> {
  const { name, groups = [], home = "/nonexistent", shell = "/usr/sbin/nologin" } = user;
  return {
    name: `user ${name}`,
    facts: userFacts(name),
    plan: (now) => {
      const missing = groups.filter((group) => !now.groups.includes(group));
      const commands: Command[] = [];
      if (!now.exists) {
        const words = [
          "useradd",
          "--system",
          "--user-group",
          "--no-create-home",
          "--home-dir",
          home,
          "--shell",
          shell,
          name,
        ];
        commands.push(argv(`add the system user ${name}`, words));
      } else if (now.home !== home || now.shell !== shell) {
        commands.push(argv(`set home and shell of ${name}`, ["usermod", "--home", home, "--shell", shell, name]));
      }
      if (missing.length > 0) {
        const words = ["usermod", "--append", "--groups", missing.join(","), name];
        commands.push(argv(`add ${name} to ${missing.join(", ")}`, words));
      }
      return commands;
    },
  };
}

export interface GroupFacts {
  readonly exists: boolean;
}

export function groupFacts(name: string): Question<GroupFacts> {
  return { script: `getent group ${quote(name)}`, parse: ({ exitCode }) => ({ exists: exitCode === 0 }) };
}

/** A system group. */
export function ensureSystemGroup({ name }: { readonly name: string }): Step<GroupFacts> {
  return {
    name: `group ${name}`,
    facts: groupFacts(name),
    plan: ({ exists }) => (exists ? [] : [argv(`add the system group ${name}`, ["groupadd", "--system", name])]),
  };
}
