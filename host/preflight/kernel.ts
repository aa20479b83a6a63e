import type { Question } from "../question.ts";
import type { PreflightWants, Say } from "./verdict.ts";

export interface KernelFacts {
  readonly release: string;
  /** File system at /sys/fs/cgroup: `cgroup2fs` for version 2, `tmpfs` for version 1 or both. */
  readonly cgroups: string;
  readonly landlock: boolean;
  /** How many user namespaces there may be. */
  readonly userNamespaces: number;
  /** Debian's own switch; true where there is none. */
  readonly unprivilegedUserNamespaces: boolean;
  /** Ubuntu since 24.04: only programs with an AppArmor profile may make one. */
  readonly appArmorRestricts: boolean;
}

/** What the kernel offers to lock programs in. */
export const kernelFacts: Question<KernelFacts> = {
  script: `uname -r
stat -f -c %T /sys/fs/cgroup || echo
grep . /sys/kernel/security/lsm || echo
cat /proc/sys/user/max_user_namespaces || echo 0
cat /proc/sys/kernel/unprivileged_userns_clone || echo 1
cat /proc/sys/kernel/apparmor_restrict_unprivileged_userns || echo 0`,
  parse({ stdout }) {
    const [release = "", cgroups = "", lsm = "", most, clone, restricted] = stdout
      .split("\n")
      .map((line) => line.trim());
    return {
      release,
      cgroups,
      landlock: lsm.split(",").includes("landlock"),
      userNamespaces: Number(most) || 0,
      unprivilegedUserNamespaces: clone !== "0",
      appArmorRestricts: restricted === "1",
    };
  },
};

/** Control groups, user namespaces and AppArmor. */
export function judgeKernel(kernel: KernelFacts, { runtime }: PreflightWants, { lacks, note }: Say): void {
  // systemd keeps a unit's limits with either version.
  if (kernel.cgroups === "tmpfs") note("control groups are of version 1; Docker and systemd are about to drop them");
  else if (kernel.cgroups !== "cgroup2fs") {
    const found = `no control groups are mounted${kernel.cgroups ? ` but ${kernel.cgroups}` : ""}`;
    lacks("cgroups", found, "boot with systemd.unified_cgroup_hierarchy=1 on the kernel's command line");
  }
  if (kernel.userNamespaces === 0) {
    lacks(
      "user-namespaces",
      "user namespaces are switched off",
      "sysctl -w user.max_user_namespaces=10000, and keep it in /etc/sysctl.d",
    );
  } else if (!kernel.unprivilegedUserNamespaces) {
    lacks(
      "user-namespaces",
      "only root may make user namespaces",
      "sysctl -w kernel.unprivileged_userns_clone=1, and keep it in /etc/sysctl.d",
    );
  }
  if (kernel.appArmorRestricts) {
    note("AppArmor lets only named programs make user namespaces; a profile for the sandbox's is installed");
  }
  // What OpenShell asks for depends on its release, which knows it.
  if (!kernel.landlock && runtime?.kind !== "openshell") {
    note("the kernel offers no Landlock; the embedded runtime does without it");
  }
}
