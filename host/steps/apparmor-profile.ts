import { quote } from "../command.ts";
import type { Question } from "../question.ts";
import type { Step } from "../step.ts";
import { type FileFacts, fileFacts } from "./file-facts.ts";
import { holds, writeFile } from "./managed-file.ts";

export interface AppArmorProfile {
  readonly name: string;
  /** Its text in the words of AppArmor 4, which has a rule for user namespaces. */
  readonly text: string;
  /** Its text for AppArmor 3, as Debian 12 has it, whose parser knows neither that rule nor `abi/4.0`. */
  readonly older: string;
}

export interface AppArmorFacts {
  readonly kernel: { readonly restricted: boolean; readonly loaded: boolean };
  /** Whether the machine's parser is one of AppArmor 4 or newer. */
  readonly newer: boolean;
  readonly file: FileFacts;
}

/**
 * A profile for kernels that let only named programs make user namespaces, as Ubuntu's have since 24.04. On other kernels
 * there is nothing to do.
 */
export function ensureAppArmorProfile({ name, text, older }: AppArmorProfile): Step<AppArmorFacts> {
  const path = pathOf(name);
  return {
    name: `AppArmor profile ${name}`,
    facts: { kernel: kernelFacts(name), newer: newerParser, file: fileFacts(path) },
    plan: ({ kernel, newer, file: now }) => {
      const file = { path, content: newer ? text : older };
      if (!kernel.restricted || (kernel.loaded && holds(file, now))) return [];
      const load = {
        title: `load the AppArmor profile ${name}`,
        script: withSecurityFs(`apparmor_parser --replace ${quote(path)}`),
        timeoutSeconds: 60,
        try: "the package apparmor brings apparmor_parser; without the profile bubblewrap cannot make its namespaces",
      };
      return [writeFile(file), load];
    },
  };
}

/** No such profile. A container leaves it in the kernel, which is its host's: another one there may have the same in use. */
export function ensureNoAppArmorProfile({ name }: { readonly name: string }): Step<FileFacts> {
  const path = pathOf(name);
  return {
    name: `no AppArmor profile ${name}`,
    facts: fileFacts(path),
    plan: ({ kind }) => {
      if (kind === "absent") return [];
      return [
        {
          title: `remove the AppArmor profile ${name}`,
          script: `systemd-detect-virt --container --quiet || apparmor_parser --remove ${quote(path)} || :
rm -f ${quote(path)}`,
          timeoutSeconds: 60,
        },
      ];
    },
  };
}

const pathOf = (name: string) => `/etc/apparmor.d/${name}`;

/** A container has no securityfs. It is mounted for this command alone: a Docker that found one would load its own profile, too. */
const withSecurityFs = (script: string) =>
  `unshare --mount sh -c ${quote(`[ -d /sys/kernel/security/apparmor ] || mount -t securityfs securityfs /sys/kernel/security
${script}`)}`;

/** What a program may change to, the kernel has; unlike the list of profiles, this can be asked where there is no securityfs. */
function kernelFacts(name: string): Question<AppArmorFacts["kernel"]> {
  return {
    script: `cat /proc/sys/kernel/apparmor_restrict_unprivileged_userns 2>/dev/null || echo 0
(printf %s ${quote(`exec ${name}`)} >/proc/self/attr/exec) 2>/dev/null && echo loaded || echo unknown`,
    parse: ({ stdout }) => {
      const [restricted = "", loaded = ""] = stdout.split("\n");
      return { restricted: restricted.trim() === "1", loaded: loaded.trim() === "loaded" };
    },
  };
}

const newerParser: Question<boolean> = {
  script: "[ -e /etc/apparmor.d/abi/4.0 ] && echo 4 || echo 3",
  parse: ({ stdout }) => stdout.trim() === "4",
};
