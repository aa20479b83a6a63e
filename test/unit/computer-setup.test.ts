import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test, vi } from "vitest";
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

describe("apt on this computer, with a stand-in", { timeout: 60_000 }, () => {
  const install = `import { installPackages } from "./scripts/apt-packages.ts";
await installPackages([{ name: "docker.io", reason: "" }], () => {}).catch((error) => console.log(error.message));`;
  const sudo = 'test "$1" = -n && shift; exec "$@"';

  test("removes nothing for a package, has no service restarted, and what would have to go is told", async () => {
    const apt = `case $* in *install*) ;; *) exit 0 ;; esac
echo "$NEEDRESTART_SUSPEND $LC_ALL $*" >>"$here/calls"
printf 'The following packages will be REMOVED:\\n  docker-ce-cli docker-desktop\\n'
echo 'E: Packages need to be removed but remove is disabled.' >&2
exit 100`;
    await using clone = new SmallClone({ "apt-get": apt, "apt-cache": "", dpkg: "", sudo });
    const { output } = await clone.lines(install).ended;
    expect(output).toContain("try   it would remove docker-ce-cli, docker-desktop, which somebody may use");
    const calls = readFileSync(join(clone.folder, "calls"), "utf8").trim().split("\n");
    for (const call of calls) expect(call).toMatch(/^1 C .*install .*--no-remove .*docker\.io$/);
  });

  test("asks for a password once where sudo wants one, or for root", async () => {
    await using clone = new SmallClone({ "apt-get": "", "apt-cache": "", dpkg: "" });
    const user = join(clone.folder, "user.mjs");
    writeFileSync(user, "process.getuid = () => 1000;\n");
    const { output } = await clone.lines(install, { NODE_OPTIONS: `--import=${pathToFileURL(user)}` }).ended;
    expect(output).toMatch(/sudo without a password\n {2}try {3}sudo -v .*\n {2}try {3}apt-get install .* as root/);
  });

  test("is not advised where there is none", async () => {
    await using clone = new SmallClone();
    const { output } = await clone.lines(install).ended;
    expect(output).toMatch(/this computer has no apt\n {2}try {3}install what they bring by this computer's own means/);
  });
});

describe("an image that cannot be made, with stand-ins", { timeout: 60_000 }, () => {
  const prepare = `import { prepareImage } from "./scripts/computer-setup.ts";
const perhaps = [{ name: "mmdebstrap", reason: "" }];
await prepareImage({ now: [], client: [], perhaps }, (line) => console.log(line), { directory: "kept" })
  .catch((error) => console.log(error.message));`;

  test("tells why its build failed, and nothing is installed for that", async () => {
    const docker = `case "$*" in
"image inspect debian:bookworm-slim") echo '[{"Id":"sha256:1"}]' ;;
build*) echo "E: Failed to fetch http://deb.debian.org/x 404 Not Found" >&2; exit 100 ;;
*) echo "Error: No such image" >&2; exit 1 ;;
esac`;
    await using clone = new SmallClone({ docker, "apt-get": 'echo "$*" >>"$here/calls"' });
    const { output } = await clone.lines(prepare).ended;
    expect(output).toContain("404 Not Found");
    expect(output).not.toContain("mmdebstrap");
  });

  test("tells what there was no base for, too, where what makes one cannot be installed", async () => {
    const docker = `case "$1" in pull) echo "no route to registry" >&2 ;; *) echo "Error: No such image" >&2 ;; esac; exit 1`;
    const makes = 'echo "mmdebstrap: no sources" >&2; exit 1';
    await using clone = new SmallClone({ docker, mmdebstrap: makes, sudo: 'test "$1" = -n && shift; exec "$@"' });
    const { output } = await clone.lines(prepare).ended;
    expect(output).toContain("installing mmdebstrap to make one");
    expect(output).toMatch(
      /No Debian base image for the local machine[^\n]*\n {2}said {2}no route to registry\nmmdebstrap: no sources\nmmdebstrap must be installed/,
    );
  });
});

test("on another system than Linux the quick start says at once that it does not run there", async () => {
  await using clone = new SmallClone();
  const mac = join(clone.folder, "mac.mjs");
  writeFileSync(mac, 'Object.defineProperty(process, "platform", { value: "darwin" });\n');
  const { exitCode, output } = await clone.script("quickstart", [], { NODE_OPTIONS: `--import=${pathToFileURL(mac)}` })
    .ended;
  expect(exitCode).toBe(1);
  expect(output).toMatch(/^\nThe quick start runs on Linux alone: /);
});
