import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Readable } from "node:stream";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { identify } from "../../engine/process-identity.ts";
import { docker, inspect, isGone, list } from "../../host/local/docker.ts";
import { putProgram } from "../support/stand-ins.ts";

const path = process.env.PATH;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nemoclaw-docker-"));
  process.env.PATH = `${folder}${delimiter}${path}`;
});

afterEach(() => {
  process.env.PATH = path;
  rmSync(folder, { recursive: true, force: true });
});

describe("the docker driver, with a stand-in for docker", () => {
  it("gives every argument through as it is", async () => {
    standIn(`for word do printf '%s\\0' "$word"; done`);
    const word = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0"));
    await fc.assert(
      fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 4 }), async (words) => {
        expect((await docker(words)).split("\0").slice(0, -1)).toEqual(words);
      }),
      { numRuns: 20 },
    );
  });

  it("passes text, bytes and streams to standard input, and lines of both outputs on", async () => {
    standIn("cat; echo aside >&2");
    expect(await docker(["x"], { input: "text" })).toBe("text");
    expect(await docker(["x"], { input: Buffer.from("bytes") })).toBe("bytes");
    const lines: string[] = [];
    await docker(["x"], { input: Readable.from(["one\nt", "wo\n"]), onLine: (line) => lines.push(line) });
    expect(lines.sort()).toEqual(["aside", "one", "two"]);
  });

  it.each([
    ["no right to the socket", "permission denied while trying to connect to the Docker daemon socket", "auth"],
    [
      "no daemon",
      "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
      "unreachable",
    ],
    [
      "no daemon, in the words of Docker 29",
      "failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct and if the daemon is running: dial unix /var/run/docker.sock: connect: no such file or directory",
      "unreachable",
    ],
    [
      "no right to the socket, in the words of Docker 29",
      "permission denied while trying to connect to the docker API at unix:///var/run/docker.sock",
      "auth",
    ],
    ["anything else", "Error response from daemon: out of coffee", "command"],
  ])("tells %s apart", async (_, said, kind) => {
    standIn(`echo '${said}' >&2; exit 1`);
    await expect(docker(["run", "x"], { what: "start x" })).rejects.toMatchObject({
      kind,
      message: expect.stringContaining(said),
      details: { ran: "docker run x", exitCode: 1 },
    });
  });

  it("says so when there is no docker command at all", async () => {
    process.env.PATH = folder;
    await expect(docker(["ps"])).rejects.toMatchObject({
      kind: "unreachable",
      message: expect.stringMatching(/docker command cannot be run \(ENOENT\)[\s\S]*try {3}install Docker/),
    });
  });

  it("ends docker when cancelled or late", async () => {
    standIn(`echo $$ >"${folder}/pid"; exec sleep 60`);
    await expect(docker(["x"], { timeoutSeconds: 1 })).rejects.toMatchObject({ kind: "timeout" });
    const signal = AbortSignal.timeout(500);
    await expect(docker(["x"], { signal })).rejects.toMatchObject({ kind: "cancelled" });
    const pid = Number(readFileSync(join(folder, "pid"), "utf8"));
    await expect.poll(() => identify(pid)).toBeUndefined();
  });

  it.each([
    ["container", "Error: No such container: x"],
    ["container", "Error response from daemon: No such container: x"],
    ["network", "Error response from daemon: network x not found"],
    ["volume", "Error response from daemon: get x: no such volume"],
    ["image", "Error: No such image: x"],
  ] as const)("reads a missing %s as gone: %s", async (kind, said) => {
    standIn(`echo '[]'; echo '${said}' >&2; exit 1`);
    expect(await inspect(kind, "x")).toBeUndefined();
    expect(isGone(await docker(["x"]).catch((error) => error))).toBe(true);
  });

  it("does not read a daemon that is down as gone", async () => {
    standIn("echo 'Cannot connect to the Docker daemon' >&2; exit 1");
    await expect(inspect("container", "x")).rejects.toMatchObject({ kind: "unreachable" });
  });

  it("lists each thing with all the labels once", async () => {
    standIn(`echo "$*" >"${folder}/ran"; echo a; echo b; echo a`);
    expect(await list("container", { one: "1", two: "2" })).toEqual(["a", "b"]);
    expect(readFileSync(join(folder, "ran"), "utf8").trim()).toBe(
      "container ls --quiet --all --no-trunc --filter label=one=1 --filter label=two=2",
    );
  });
});

function standIn(script: string): void {
  putProgram(folder, "docker", script);
}
