import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ContainerState } from "../../host/local/container.ts";
import { mustStayUp } from "../../host/local/stays-up.ts";
import { putProgram } from "../support/stand-ins.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nemoclaw-stays-up-"));
  vi.stubEnv("PATH", [folder, process.env.PATH].join(delimiter));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** With a stand-in for Docker that tells restarts, whether it runs, and its exit code, as `docker inspect` does. */
const look = (state: string, said = "") => {
  putProgram(folder, "docker", `case "$1" in inspect) echo "${state}" ;; logs) echo "${said}" ;; esac`);
  return mustStayUp({ containerId: "c1", name: "nemoclaw-local" } as ContainerState);
};

test("a machine that runs since its first start is one", async () => {
  await look("0 true 0");
});

test.each([
  ["that Docker starts again and again", "2 true 0"],
  ["that ended", "0 false 255"],
])("one %s is a failure with what it said and the usual reason", async (_it, state) => {
  await expect(look(state, "Failed to create inotify object")).rejects.toThrow(
    /nemoclaw-local ended as soon as it was started[\s\S]*Failed to create inotify object[\s\S]*max_user_instances/,
  );
});
