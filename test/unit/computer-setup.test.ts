import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect, test, vi } from "vitest";
import { lacksAppArmor } from "../../scripts/computer-setup.ts";
import { SmallClone } from "../support/small-clone.ts";
import { putProgram } from "../support/stand-ins.ts";

/** A computer with nothing on PATH but an apt whose docker.io brings no client, as Debian 13's; the client answers nothing but its version. */
function withoutDocker(clone: SmallClone): NodeJS.ProcessEnv {
  const bin = join(clone.folder, "only");
  for (const program of ["/bin/sh", "/usr/bin/env"]) putProgram(bin, basename(program), `exec ${program} "$@"`);
  for (const [program, exitCode] of Object.entries({ "apt-cache": 0, cat: 1, mmdebstrap: 1 }))
    putProgram(bin, program, `exit ${exitCode}`);
  putProgram(bin, "sudo", 'test "$1" = -n && shift; exec "$@"');
  putProgram(
    bin,
    "apt-get",
    `case "$*" in *docker-cli*) printf '#!/bin/sh\\ncase $1 in *version) ;; *) exit 1 ;; esac\\n' >${bin}/docker; /bin/chmod 755 ${bin}/docker ;; esac`,
  );
  return { PATH: bin, NEMOCLAW_ENGINE: "embedded" };
}

test("Docker's client is announced where it may be a package of its own, and named among what stays", {
  timeout: 60_000,
}, async () => {
  await using clone = new SmallClone();
  const env = withoutDocker(clone);
  const came = (await clone.script("quickstart", [], env).ended).output;
  expect(came).toContain("  with apt: docker.io (");
  expect(came).toContain("  with apt, if needed: docker-cli (talks to Docker");
  expect(came).toContain("✓ Docker on this computer");
  const gone = (await clone.script("quickstart", ["--destroy"], env).ended).output;
  expect(gone).toContain("~/.npm as a rule); remove with: npm cache clean");
  expect(gone).toMatch(/ {2}from apt: docker\.io docker-cli; remove with: apt-get remove docker\.io docker-cli\n/);
});

test("what root runs is looked for where Debian has it, outside a plain user's PATH", async () => {
  const folder = mkdtempSync(join(tmpdir(), "nemoclaw-sbin-"));
  const [bin, sbin] = [join(folder, "bin"), join(folder, "sbin")];
  putProgram(bin, "sh", 'exec /bin/sh "$@"');
  putProgram(bin, "cat", "echo Y");
  vi.stubEnv("PATH", bin);
  try {
    expect(await lacksAppArmor([sbin])).toBe(true);
    putProgram(sbin, "apparmor_parser", "exit 0");
    expect(await lacksAppArmor([sbin])).toBe(false);
    expect(await lacksAppArmor([])).toBe(true);
  } finally {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  }
});
