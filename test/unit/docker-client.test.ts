import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
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
    vi.stubEnv("DOCKER_HOST", "");
    return bin;
  }

  test("is what somebody chose, and the usual socket else", async () => {
    here({ docker: client(`desktop-linux ${desktop}`) });
    expect(await dockerEndpoint()).toEqual({ address: desktop, chosenBy: "the context desktop-linux" });
    here({ docker: client("default unix:///var/run/docker.sock") });
    expect(await dockerEndpoint()).toEqual({ address: "unix:///var/run/docker.sock" });
    here({ docker: "exit 1" });
    expect(await dockerEndpoint()).toEqual({ address: "unix:///var/run/docker.sock" });
    vi.stubEnv("DOCKER_HOST", "ssh://build-box");
    expect(await dockerEndpoint()).toEqual({ address: "ssh://build-box", chosenBy: "DOCKER_HOST" });
  });

  test.each([
    ["unix:///run/user/1000/docker.sock", false],
    ["tcp://127.0.0.1:2375", false],
    ["tcp://[::1]:2375", false],
    ["ssh://anna@localhost", false],
    ["npipe:////./pipe/docker_engine", false],
    ["not an address", false],
    ["tcp://docker:2376", true],
    ["tcp://[2001:db8::7]:2376", true],
    ["ssh://anna@build-box", true],
  ])("%s is on another computer: %s", (address, elsewhere) => {
    expect(isElsewhere(address)).toBe(elsewhere);
  });

  const refusal = new HostError("unreachable", {
    summary: "no",
    ran: "docker version",
    exitCode: 1,
    said: "no answer",
  });

  test.each([
    ["one alone", "default unix:///var/run/docker.sock", "without a dockerd on this computer"],
    ["one of a context", `desktop-linux ${desktop}`, `which the context desktop-linux leads to ${desktop}`],
  ])("%s that nobody answers is told, with what to do", async (_, context, found) => {
    here({ docker: client(context) });
    await expect(refuseNoDaemon(refusal, [])).rejects.toThrow(
      new RegExp(
        `^Docker's client is here, ${found}, .*nothing is installed over it\n {2}ran .*\n {2}said .*\n {2}try .*`,
      ),
    );
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
    const output = await run(client("far ssh://build-box", "answers"));
    expect(output).toContain("Docker leads to another computer here, by the context far: ssh://build-box");
    expect(output).not.toContain("What this will put on this computer");
  });
});
