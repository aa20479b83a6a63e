import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, describe, expect, test, vi } from "vitest";
import { joinDockerGroup } from "../../scripts/docker-group.ts";
import { SmallClone } from "../support/small-clone.ts";
import { putProgram } from "../support/stand-ins.ts";

const { username, uid, gid } = userInfo();
const ofDocker = 4711;

/** A computer whose Docker answers only members of its group; what is run as root is noted. `$here` is where. */
const programs = {
  docker: `test -n "$MEMBER" || { echo "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock" >&2; exit 1; }
case $1 in *version) ;; *) exit 1 ;; esac`,
  getent: `test "$*" = "group docker" && echo "docker:x:${ofDocker}:$(cat "$here/members" 2>/dev/null)"`,
  sudo: `shift
echo "$*" >>"$here/as-root"
test "$1" != -E || shift
exec "$@"`,
  usermod: 'for last; do :; done; echo "anna,$last" >"$here/members"',
  setpriv: 'while test "$1" != --; do shift; done; shift; MEMBER=yes "$@"; exit 7',
};

describe("a user with sudo whom Docker does not answer, with stand-ins", () => {
  test("is joined to its group, and the quick start goes on as a member, with its arguments and its exit code", {
    timeout: 60_000,
  }, async () => {
    await using clone = new SmallClone({ ...programs, "dpkg-query": "exit 1" });
    // Whoever runs the tests, root too, is that user.
    const user = join(clone.folder, "user.mjs");
    writeFileSync(user, "process.getuid = () => 1000;\nprocess.getgroups = () => [];\n");
    const env = { NEMOCLAW_ENGINE: "embedded", NODE_OPTIONS: `--import=${pathToFileURL(user)}` };
    const { exitCode, output } = await clone.script("quickstart", ["--stack", "local-group"], env).ended;

    const asRoot = readFileSync(join(clone.folder, "as-root"), "utf8").split("\n");
    expect(asRoot.filter((line) => line !== "true").slice(0, 2)).toEqual([
      `usermod --append --groups docker ${username}`,
      expect.stringMatching(
        new RegExp(
          `^-E setpriv --reuid=${uid} --regid=${gid} --init-groups -- env PATH=.* HOME=.* ${process.execPath} `,
        ),
      ),
    ]);
    expect(asRoot.find((line) => line.startsWith("-E setpriv"))).toMatch(/quickstart\.ts --stack local-group$/);
    expect(output).toContain(
      `joining ${username} to the group docker, with sudo; open sessions know it after the next`,
    );
    // The run as a member ends where this computer has no image; the one before it goes no further.
    expect(output.split("joining ")[1]).toMatch(/✓ Docker on this computer[\s\S]*✗ Image of the local machine/);
    expect(output.match(/✗ Image/g)).toHaveLength(1);
    expect(exitCode).toBe(7);

    expect(output).toMatch(/after the next login only[\s\S]*: newgrp docker\n$/);

    // In the same session, which does not know of it.
    writeFileSync(join(clone.folder, "as-root"), "");
    const gone = (await clone.script("quickstart", ["--stack", "local-group", "--destroy"], env).ended).output;
    expect(gone).toContain(`${username} is in the group docker, which this session does not know yet`);
    expect(gone).not.toContain("newgrp");
    const again = readFileSync(join(clone.folder, "as-root"), "utf8").split("\n");
    expect(again.filter((line) => line && line !== "true")).toEqual([
      expect.stringMatching(/^-E setpriv .*quickstart\.ts --stack local-group --destroy$/),
    ]);
    expect(gone).toContain(`you in the group docker; remove with: gpasswd --delete ${username} docker`);
  });

  const here = mkdtempSync(join(tmpdir(), "nemoclaw-docker-group-"));
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    rmSync(here, { recursive: true });
  });

  /** What comes of it, and what was run as root. */
  async function joined(
    more: { programs?: Partial<typeof programs>; uid?: number; groups?: number[]; env?: Record<string, string> } = {},
  ) {
    const all = { ...programs, ...more.programs };
    for (const [name, text] of Object.entries(all)) putProgram(join(here, "bin"), name, `here=${here}\n${text}`);
    writeFileSync(join(here, "as-root"), "");
    vi.spyOn(process, "getuid").mockReturnValue(more.uid ?? 1000);
    vi.spyOn(process, "getgroups").mockReturnValue(more.groups ?? []);
    for (const [name, value] of Object.entries({ PATH: `${here}/bin:/usr/bin:/bin`, DOCKER_HOST: "", ...more.env }))
      vi.stubEnv(name, value);
    const again = await joinDockerGroup(() => {});
    return { again, asRoot: readFileSync(join(here, "as-root"), "utf8") };
  }

  test.each([
    ["root", { uid: 0 }],
    ["another Docker", { env: { DOCKER_HOST: "tcp://docker.example.com" } }],
    ["one who is answered", { env: { MEMBER: "yes" } }],
    ["a member already: it only does not run", { groups: [ofDocker] }],
    ["a computer without the group", { programs: { getent: "exit 2" } }],
  ])("is not: %s", async (_, more) => {
    expect(await joined(more)).toEqual({ again: undefined, asRoot: "" });
  });

  test("is not: one whom sudo asks for a password", async () => {
    const { again, asRoot } = await joined({ programs: { sudo: 'echo "$*" >>"$here/as-root"; exit 1' } });
    expect(again).toBeUndefined();
    expect(asRoot).toBe("-n true\n");
  });

  test("is told where the group does not take him: a run that was started again would only come back", async () => {
    const usermod = `echo "usermod: user 'x' does not exist in /etc/passwd" >&2; exit 6`;
    await expect(joined({ programs: { usermod } })).rejects.toThrow(
      `ran   sudo -n usermod --append --groups docker ${username}   (exit 6)\n  said  usermod: user 'x' does not exist`,
    );
  });
});
