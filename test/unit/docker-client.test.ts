import { mkdtempSync, rmSync } from "node:fs";
import { hostname, networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { HostError } from "../../host/errors.ts";
import { dockerEndpoint, isElsewhere } from "../../host/local/endpoint.ts";
import { refuseNoDaemon } from "../../scripts/docker-client.ts";
import { SmallClone } from "../support/small-clone.ts";
import { putProgram } from "../support/stand-ins.ts";

const folder = mkdtempSync(join(tmpdir(), "nemoclaw-docker-client-"));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

const desktop = "unix:///run/desktop/docker.sock";

/** A client that leads there by its context, and whose daemon answers or does not. */
const client = (context: string, daemon: "answers" | "is down" = "is down") =>
  `case "$1" in
context) echo "${context}" ;;
version) ${daemon === "answers" ? "echo 29.1.3" : "echo 'Cannot connect to the Docker daemon. Is the docker daemon running?' >&2; exit 1"} ;;
*) exit 1 ;;
esac`;

describe("where Docker's client looks for a daemon, with a stand-in", () => {
  let computers = 0;
  function here(programs: Record<string, string>): string {
    const bin = join(folder, `${computers++}`);
    for (const [name, text] of Object.entries({ sh: 'exec /bin/sh "$@"', ...programs })) putProgram(bin, name, text);
    vi.stubEnv("PATH", bin);
    for (const name of ["DOCKER_HOST", "DOCKER_CONTEXT"]) vi.stubEnv(name, "");
    return bin;
  }

  test("is what somebody chose, and the usual socket else", async () => {
    here({ docker: client(`desktop-linux ${desktop}`) });
    expect(await dockerEndpoint()).toEqual({ address: desktop, chosenBy: "the context desktop-linux" });
    here({ docker: client("default unix:///var/run/docker.sock") });
    expect(await dockerEndpoint()).toEqual({ address: "unix:///var/run/docker.sock" });
    here({ docker: "exit 1" });
    expect(await dockerEndpoint()).toEqual({ address: "unix:///var/run/docker.sock" });
    here({ docker: client(`far ${desktop}`) });
    vi.stubEnv("DOCKER_CONTEXT", "far");
    expect(await dockerEndpoint()).toEqual({ address: desktop, chosenBy: "DOCKER_CONTEXT=far" });
    vi.stubEnv("DOCKER_HOST", "ssh://build-box");
    expect(await dockerEndpoint()).toEqual({ address: "ssh://build-box", chosenBy: "DOCKER_HOST" });
    vi.stubEnv("DOCKER_HOST", "unix:///var/run/docker.sock");
    expect(await dockerEndpoint()).toEqual({ address: "unix:///var/run/docker.sock" });
  });

  const [ownIPv6] = Object.values(networkInterfaces()).flatMap((each) =>
    each?.filter(({ family }) => family === "IPv6"),
  );

  test.each([
    ["unix:///run/user/1000/docker.sock", false],
    ["tcp://127.0.0.1:2375", false],
    ["tcp://[::1]:2375", false],
    ["ssh://anna@localhost", false],
    ["npipe:////./pipe/docker_engine", false],
    ["not an address", false],
    ["tcp://LOCALHOST:2375", false],
    ["tcp://0.0.0.0:2375", false],
    ["tcp://[::]:2375", false],
    ["tcp://[0:0:0:0:0:0:0:1]:2375", false],
    ["tcp://[::ffff:127.0.0.1]:2375", false],
    ["tcp://127.1:2375", false],
    ["127.0.0.1:2375", false],
    [`tcp://${hostname()}:2375`, false],
    [`ssh://anna@${hostname().toUpperCase()}`, false],
    ["tcp://[2001:db8::7]:2376", true],
    ["tcp://192.0.2.7:2376", true],
    ["192.0.2.7:2376", true],
    // No name that a nameserver would be asked for.
    ["ssh://anna@build..box", true],
  ])("%s is on another computer: %s", async (address, elsewhere) => {
    expect(await isElsewhere(address)).toBe(elsewhere);
  });

  test("an address of one of this computer's own interfaces is on no other, however it is spelled", async ({
    skip,
  }) => {
    if (!ownIPv6) skip("this computer has no address of IPv6");
    const [first = "", ...rest] = (ownIPv6?.address ?? "").split(":");
    expect(await isElsewhere(`tcp://[${[first.padStart(4, "0"), ...rest].join(":").toUpperCase()}]:2376`)).toBe(false);
  });

  const refusal = new HostError("unreachable", {
    summary: "no",
    ran: "docker version",
    exitCode: 1,
    said: "no answer",
  });

  test.each([
    [
      "one alone",
      "default unix:///var/run/docker.sock",
      "without a dockerd on this computer",
      /start it \(systemctl start docker, .*docker context use NAME/,
    ],
    [
      "one of a context",
      `desktop-linux ${desktop}`,
      `which the context desktop-linux leads to ${desktop}`,
      /start what it belongs to .*; or docker context use default,/,
    ],
    [
      "one without root",
      "rootless unix:///run/user/1000/docker.sock",
      "which the context rootless leads to unix:///run/user/1000/docker.sock",
      /start it \(systemctl --user start docker\); or docker context use default,/,
    ],
  ])("%s that nobody answers is told, with what to do", async (_, context, found, advice) => {
    here({ docker: client(context) });
    const told = refuseNoDaemon(refusal, []);
    await expect(told).rejects.toThrow(
      new RegExp(
        `^Docker's client is here, ${found}, .*nothing is installed over it\n {2}ran .*\n {2}said .*\n {2}try .*`,
      ),
    );
    await expect(told).rejects.toThrow(advice);
  });

  test("one that the environment chose is given up there: the context in use counts after it", async () => {
    here({ docker: client("far ssh://build-box") });
    vi.stubEnv("DOCKER_CONTEXT", "far");
    await expect(refuseNoDaemon(refusal, [])).rejects.toThrow("; or unset DOCKER_CONTEXT, for a Docker of this");
  });

  test("is no fault where a daemon of this computer's own only does not run", async () => {
    const bin = here({ docker: client("default unix:///var/run/docker.sock"), dockerd: "exit 1" });
    await expect(refuseNoDaemon(refusal, [bin])).resolves.toBeUndefined();
    here({ docker: client(`desktop-linux ${desktop}`), dockerd: "exit 1" });
    await expect(refuseNoDaemon(refusal)).rejects.toThrow("docker context use default");
  });
});

describe("the quick start, with a stand-in for Docker's client", { timeout: 60_000 }, () => {
  // Whatever it would install or start, it has noted.
  const nothing = { "apt-get": 'echo "$*" >>"$here/calls"', dockerd: 'echo dockerd >>"$here/calls"' };
  const run = async (docker: string, env: NodeJS.ProcessEnv = {}) => {
    await using clone = new SmallClone({ ...nothing, docker });
    clone.program("dpkg-query", "exit 1");
    const { exitCode, output } = await clone.script("quickstart", [], { NEMOCLAW_ENGINE: "embedded", ...env }).ended;
    const calls = await clone.lines(
      `import { existsSync } from "node:fs"; console.log(existsSync("../calls"), existsSync(".nemoclaw"));`,
    ).ended;
    expect(calls.output, output).toBe("false false\n");
    expect(exitCode).toBe(1);
    return output;
  };

  test("installs and starts nothing over a client whose daemon does not answer", async () => {
    expect(await run(client(`desktop-linux ${desktop}`))).toContain("nothing is installed over it");
    expect(await run(client("default"), { DOCKER_HOST: "ssh://build-box" })).toContain("unset DOCKER_HOST");
  });

  test("says at once that a daemon of another computer is of no use to it", async () => {
    const output = await run(client("far ssh://192.0.2.7", "answers"));
    expect(output).toContain("Docker leads to another computer here, by the context far: ssh://192.0.2.7");
    expect(output).not.toContain("What this will put on this computer");
  });

  test.each([
    ["a context that is not there", `context "gone": context not found`],
    ["Podman in the place of Docker", "Cannot connect to Podman. Please verify your connection to the Linux system"],
  ])("says at once, with what to do, what its client refuses for %s", async (_, said) => {
    const output = await run(`echo '${said}' >&2; exit 125`, { DOCKER_CONTEXT: "gone" });
    expect(output).toContain(
      `said  ${said}\n  try   see what leads the client (docker context ls; DOCKER_HOST and DOCKER_`,
    );
    expect(output).not.toContain("What this will put on this computer");
  });
});
