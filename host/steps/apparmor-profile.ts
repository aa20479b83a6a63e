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
  readonly kernel: KernelFacts;
  /** Whether the machine's parser is one of AppArmor 4 or newer. */
  readonly newer: boolean;
  readonly file: FileFacts;
  /** What loads it when the machine starts, and the link by which that is wanted. */
  readonly loader: FileFacts;
  readonly wanted: FileFacts;
}

interface KernelFacts {
  readonly restricted: boolean;
  readonly loaded: boolean;
}

/**
 * A profile for kernels that let only named programs make user namespaces, as Ubuntu's have since 24.04, loaded now and whenever the
 * machine starts. On other kernels there is nothing to do.
 */
export function ensureAppArmorProfile({ name, text, older }: AppArmorProfile): Step<AppArmorFacts> {
  const path = pathOf(name);
  const unit = { path: loaderPath, content: loaderUnit(name) };
  return {
    name: `AppArmor profile ${name}`,
    facts: {
      kernel: kernelFacts(name),
      newer: newerParser,
      file: fileFacts(path),
      loader: fileFacts(loaderPath),
      wanted: fileFacts(`/etc/systemd/system/sysinit.target.wants/${loader}`),
    },
    plan: ({ kernel, newer, file: now, ...boot }) => {
      const file = { path, content: newer ? text : older };
      const atBoot = holds(unit, boot.loader) && boot.wanted.kind === "link";
      if (!kernel.restricted || (kernel.loaded && holds(file, now) && atBoot)) return [];
      const load = {
        title: `load the AppArmor profile ${name}, now and at each start`,
        script: `systemctl daemon-reload
systemctl enable -- ${loader}
systemctl restart -- ${loader} || { journalctl --no-pager -o cat -n 20 -u ${loader}; exit 1; }`,
        timeoutSeconds: 60,
        try: "the package apparmor brings apparmor_parser; without the profile bubblewrap cannot make its namespaces",
      };
      return [writeFile(file), writeFile(unit), load];
    },
  };
}

/** No such profile. A container leaves it in the kernel, which is its host's: another one there may have the same in use. */
export function ensureNoAppArmorProfile({
  name,
}: {
  readonly name: string;
}): Step<{ readonly file: FileFacts; readonly loader: FileFacts }> {
  const path = pathOf(name);
  return {
    name: `no AppArmor profile ${name}`,
    facts: { file: fileFacts(path), loader: fileFacts(loaderPath) },
    plan: ({ file, loader: unit }) => {
      if (file.kind === "absent" && unit.kind === "absent") return [];
      return [
        {
          title: `remove the AppArmor profile ${name}`,
          script: `systemd-detect-virt --container --quiet || apparmor_parser --remove ${quote(path)} || :
systemctl disable --now -- ${loader} || :
rm -f ${quote(path)} ${loaderPath}
systemctl daemon-reload`,
          timeoutSeconds: 60,
        },
      ];
    },
  };
}

const pathOf = (name: string) => `/etc/apparmor.d/${name}`;

const loader = "nemoclaw-apparmor.service";
const loaderPath = `/etc/systemd/system/${loader}`;

/**
 * The distribution's own apparmor.service loads nothing in a container, where it finds no securityfs; and the profiles in the kernel,
 * which is the container's host's, are gone when that starts anew. securityfs is mounted for this command alone: a Docker that found one would
 * load its own profile, too.
 */
const loaderUnit = (name: string) => `[Unit]
Description=Load the AppArmor profile ${name}
DefaultDependencies=no
After=local-fs.target
# Every service is after that one, so whatever runs under the profile is.
Before=sysinit.target
ConditionPathExists=${switchPath}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/unshare --mount /bin/sh -c "[ -d /sys/kernel/security/apparmor ] || mount -t securityfs securityfs /sys/kernel/security; exec apparmor_parser --replace ${pathOf(name)}"

[Install]
WantedBy=sysinit.target
`;

/** Whether a kernel lets only named programs make user namespaces; other kernels have no such file. */
const switchPath = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";

/** What a program may change to, the kernel has; unlike the list of profiles, this can be asked where there is no securityfs. */
export function kernelFacts(name: string): Question<KernelFacts> {
  return {
    script: `cat ${switchPath} 2>/dev/null || echo 0
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
