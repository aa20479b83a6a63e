import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ensureDockerDaemon, stopOwnedDaemon } from "../../host/local/daemon.ts";
import { putProgram } from "../support/stand-ins.ts";

const { PATH, DOCKER_HOST } = process.env;
const systemd = existsSync("/run/systemd/system");
let folder: string;
let lines: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nemoclaw-daemon-"));
  process.env.PATH = `${folder}${delimiter}${PATH}`;
  delete process.env.DOCKER_HOST;
  lines = [];
  // It answers while the daemon's stand-in, which makes this file, is there.
  program("docker", `test -e "${folder}/up" || { echo 'Cannot connect to the Docker daemon' >&2; exit 1; }; echo 1.0`);
  program("sudo", 'shift; exec "$@"');
});

afterEach(() => {
  process.env.PATH = PATH;
  if (DOCKER_HOST !== undefined) process.env.DOCKER_HOST = DOCKER_HOST;
  rmSync(folder, { recursive: true, force: true });
});

describe("the Docker daemon of this computer, with stand-ins for docker and dockerd", () => {
  it("is left alone when it answers, and never stopped", async () => {
    writeFileSync(join(folder, "up"), "");
    expect(await ensureDockerDaemon(args())).toBe("answers");
    expect(await stopOwnedDaemon(args())).toBe(false);
    expect(lines).toEqual([]);
  });

  it("is started where no init system runs, remembered by its process, and stopped", async (test) => {
    if (systemd) test.skip("an init system runs here, which would be asked instead");
    program(
      "dockerd",
      `trap 'rm "${folder}/up"; exit' TERM; echo starting; touch "${folder}/up"; while :; do sleep 0.1; done`,
    );
    expect(await ensureDockerDaemon(args())).toBe("started");
    expect(lines[0]).toContain("the Docker daemon is started directly");
    expect(readFileSync(join(folder, "state", "dockerd.log"), "utf8")).toBe("starting\n");
    expect(await ensureDockerDaemon(args())).toBe("answers");
    expect(await stopOwnedDaemon(args())).toBe(true);
    expect(existsSync(join(folder, "up"))).toBe(false);
    expect(await stopOwnedDaemon(args())).toBe(false);
  });

  it("says why one that ends at once did not come up", async (test) => {
    if (systemd) test.skip("an init system runs here, which would be asked instead");
    program("dockerd", "echo no iptables here; exit 3");
    await expect(ensureDockerDaemon(args())).rejects.toMatchObject({
      kind: "unreachable",
      message: expect.stringMatching(/ended at once \(exit 3\)[\s\S]*no iptables here/),
    });
    expect(await stopOwnedDaemon(args())).toBe(false);
  });

  it("is not replaced by another where DOCKER_HOST names one", async () => {
    process.env.DOCKER_HOST = "tcp://127.0.0.1:1";
    await expect(ensureDockerDaemon(args())).rejects.toMatchObject({ kind: "unreachable" });
    expect(existsSync(join(folder, "state"))).toBe(false);
  });

  it("is not taken for ours when another process has its id by now", async () => {
    const stale = JSON.stringify({ pid: process.pid, startTime: "1" });

    mkdirSync(join(folder, "state"));
    writeFileSync(join(folder, "state", "dockerd.json"), stale);
    expect(await stopOwnedDaemon(args())).toBe(false);
    expect(existsSync(join(folder, "state", "dockerd.json"))).toBe(false);
  });
});

function args() {
  return { directory: join(folder, "state"), log: (line: string) => void lines.push(line) };
}

function program(name: string, script: string): void {
  putProgram(folder, name, script);
}
