import { HostError } from "../../errors.ts";
import type { Step } from "../../step.ts";
import type { Dialect } from "./dialect.ts";

export interface LandlockFacts {
  /** Of the kernel that runs: `6.1.0-43-amd64`. */
  readonly release: string;
  /** Version of Landlock's interface; 0 where there is no Landlock, undefined where nothing could ask. */
  readonly abi: number | undefined;
}

// landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION); its number is the same on every processor.
const ask = "$v = syscall(444, 0, 0, 1); print $v < 0 ? 0 : $v";

/**
 * A kernel with which a release's sandboxes start. It changes nothing, and no setting takes less: without it there is no sandbox.
 *
 * @throws HostError of kind `not-converged` from its plan, with the kernel found
 */
export function requireLandlock(dialect: Pick<Dialect, "line" | "landlock">): Step<LandlockFacts> {
  return {
    name: `a kernel for OpenShell ${dialect.line}`,
    facts: {
      release: { script: "uname -r", parse: ({ stdout }) => stdout.trim() },
      abi: {
        script: `perl -e '${ask}'`,
        parse: ({ stdout, exitCode }) => (exitCode === 0 && /^\d+$/.test(stdout) ? Number(stdout) : undefined),
      },
    },
    plan({ release, abi }) {
      const needs = dialect.landlock;
      if (needs === undefined || abi === undefined || abi >= needs.abi) return [];
      const has = abi === 0 ? "without Landlock" : `with Landlock's interface ${abi}`;
      throw new HostError("not-converged", {
        summary: `this machine runs Linux ${release} ${has}, and the sandboxes of OpenShell ${dialect.line} start only with ${needs.abi} or newer, of Linux ${needs.linux}`,
        try:
          abi === 0 && isAtLeast(release, needs.linux)
            ? "add landlock to lsm= on the kernel's command line"
            : "a machine with Debian 13 or Ubuntu 24.04, or runtime.kind: embedded",
      });
    },
  };
}

function isAtLeast(release: string, wanted: string): boolean {
  const [major = 0, minor = 0] = release.split(".").map((part) => Number.parseInt(part, 10));
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split(".").map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
