import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SmallClone } from "../support/small-clone.ts";
import { putProgram } from "../support/stand-ins.ts";

// Where dpkg keeps what it has of a package: `unpacked`, `installed`.
const dpkg = {
  "dpkg-query": `code=0
for name in "$@"; do
  case $name in
  -*|*Package*) ;;
  *) if test -e "$here/dpkg.$name"; then echo "$name $(cat "$here/dpkg.$name")"; else code=1; fi ;;
  esac
done
exit $code`,
  dpkg: `echo "dpkg $*" >>"$here/calls"
case $* in
--audit) if test -e "$here/interrupted"; then echo 'The following packages are only half configured'; fi ;;
*--configure\\ -a) rm "$here/interrupted" ;;
esac`,
};

/** As apt and dpkg are: an installation that is killed leaves a package unpacked, and apt refuses everything until dpkg has finished. */
const aptGet = `case $* in
*install*) echo "$*" >>"$here/calls" ;;
*) exit 0 ;;
esac
if test -e "$here/interrupted"; then
  echo "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem." >&2
  exit 100
fi
for name in docker.io mmdebstrap; do
  case $* in
  *$name*)
    if test $name = docker.io && mkdir "$here/once" 2>/dev/null; then
      touch "$here/interrupted"
      echo unpacked >"$here/dpkg.$name"
      mv "$here/away/docker" "$here/away/dockerd" "$here/only"
      kill -9 $PPID
      exit 137
    fi
    echo installed >"$here/dpkg.$name" ;;
  esac
done`;

/** A computer of Debian's with nothing on PATH; its Docker comes with docker.io, and answers once that is set up. */
function debian(here: string): NodeJS.ProcessEnv {
  const bin = join(here, "only");
  for (const name of ["sh", "ls", "sed", "cat", "mkdir", "touch", "mv", "rm"])
    putProgram(bin, name, `exec /bin/${name} "$@"`);
  putProgram(bin, "env", 'exec /usr/bin/env "$@"');
  const programs = { ...dpkg, "apt-get": aptGet, "apt-cache": "", sudo: 'test "$1" = -n && shift; exec "$@"' };
  for (const [name, text] of Object.entries(programs)) putProgram(bin, name, `here=${here}\n${text}`);
  for (const name of ["docker", "dockerd"]) {
    const works = `test "$(cat ${here}/dpkg.docker.io)" = installed || exit 1`;
    putProgram(join(here, "away"), name, `${works}\ncase $1 in *version) ;; *) exit 1 ;; esac`);
  }
  return { PATH: bin, NEMOCLAW_ENGINE: "embedded" };
}

test("a run killed while apt installed is gone on with by the next, and what it brought is named among what stays", {
  timeout: 60_000,
}, async () => {
  await using clone = new SmallClone();
  const env = debian(clone.folder);
  const killed = await clone.script("quickstart", [], env).ended;
  expect(killed.signal, killed.output).toBe("SIGKILL");
  expect(existsSync(join(clone.folder, "only", "dockerd"))).toBe(true);

  const { output } = await clone.script("quickstart", [], env).ended;
  expect(output).toContain("  with apt: docker.io (");
  expect(output).toMatch(/\n +finishing an installation that was cut short: dpkg .*--configure -a\n/);
  expect(output).toContain("✓ Docker on this computer");
  const calls = readFileSync(join(clone.folder, "calls"), "utf8").match(/install .* docker\.io$|--configure -a$/gm);
  expect(calls?.map((call) => call.split(" ")[0])).toEqual(["install", "--configure", "install"]);

  const gone = (await clone.script("quickstart", ["--destroy"], env).ended).output;
  expect(gone).toMatch(/ {2}from apt: docker\.io[^;]*; remove with: apt-get remove docker\.io/);
});

describe("what the quick start looks for", () => {
  let clone: SmallClone;
  beforeAll(() => {
    clone = new SmallClone();
  });
  afterAll(() => clone[Symbol.asyncDispose]());
  let computers = 0;

  /** The names of what a computer lacks that has these programs, and these packages as dpkg says. */
  async function lacking(has: { programs?: string[]; packages?: Record<string, string>; does?: string }) {
    const here = join(clone.folder, `computer-${computers++}`);
    mkdirSync(here);
    const env = debian(here);
    for (const name of has.programs ?? []) putProgram(env.PATH ?? "", name, has.does ?? notRunning);
    for (const [name, status] of Object.entries(has.packages ?? {})) writeFileSync(join(here, `dpkg.${name}`), status);
    const run = clone.lines(
      `import { findLacking } from "./scripts/computer-setup.ts";
const { now, client, perhaps } = await findLacking();
console.log(JSON.stringify([now, client, perhaps].map((list) => list.map(({ name }) => name))));`,
      env,
    );
    return JSON.parse((await run.ended).output);
  }
  const docker = ["docker", "dockerd"];
  const notRunning = 'echo "Cannot connect to the Docker daemon. Is the docker daemon running?" >&2; exit 1';
  const makes = ["mmdebstrap", "debian-archive-keyring"];

  test.each([
    ["nothing", {}, [["docker.io"], ["docker-cli"], makes]],
    [
      "a Docker that is not set up",
      { programs: docker, packages: { "docker.io": "unpacked" } },
      [["docker.io"], [], makes],
    ],
    [
      "one that is being set up",
      { programs: docker, packages: { "docker.io": "half-configured" } },
      [["docker.io"], [], makes],
    ],
    [
      "a client that is not",
      { programs: docker, does: "exit 1", packages: { "docker-cli": "unpacked" } },
      [["docker-cli"], [], makes],
    ],
    ["a Docker that only does not run", { programs: docker, packages: { "docker.io": "installed" } }, [[], [], makes]],
    ["another Docker", { programs: docker, packages: { "docker.io": "config-files" } }, [[], [], makes]],
    ["one that answers", { programs: docker, does: "", packages: { "docker.io": "unpacked" } }, [[], [], []]],
    [
      "mmdebstrap, not set up",
      { programs: ["mmdebstrap"], packages: { mmdebstrap: "unpacked" } },
      [["docker.io"], ["docker-cli"], makes],
    ],
    ["mmdebstrap of its own", { programs: ["mmdebstrap"] }, [["docker.io"], ["docker-cli"], []]],
  ])("where there is %s", async (_, has, expected) => expect(await lacking(has)).toEqual(expected));
});

test("what apt did not bring is not named among what stays, and what was there before is not ours", async () => {
  await using clone = new SmallClone();
  const env = debian(clone.folder);
  writeFileSync(join(clone.folder, "dpkg.there"), "unpacked");
  const run = clone.lines(
    `import { writeFileSync } from "node:fs";
import { bringPackages, readMade } from "./scripts/first-run/made-here.ts";
const noted = async () => console.log(JSON.stringify((await readMade()).packages));
await bringPackages(["there", "comes", "not"], async () => {
  await noted();
  writeFileSync("${clone.folder}/dpkg.comes", "unpacked");
  throw new Error("apt failed");
}).catch((error) => console.log(error.message));
await noted();`,
    env,
  );
  expect((await run.ended).output.split("\n")).toEqual(['["comes","not"]', "apt failed", '["comes"]', ""]);
});
