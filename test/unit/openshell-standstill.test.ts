import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { standstill } from "../../host/runtimes/openshell/standstill.ts";
import { withStandIns } from "../support/stand-ins.ts";

test("what the agent's user runs in a sandbox stands still and goes on, its supervisor never stops (a stand-in for Docker)", async () => {
  const [agent, supervisor] = [1, 2].map(() => spawn("sleep", ["60"]));
  const ended = [agent, supervisor].map((one) => new Promise((done) => one?.once("exit", done)));
  const programs = {
    id: "echo 4711",
    docker: `case "$*" in
  "top box -eo pid,uid") printf '    PID   UID\\n%s 0\\n  %s  4711\\n' ${supervisor?.pid} ${agent?.pid} ;;
  ps*) echo box ;;
  inspect*) echo bridge ;;
  *) exit 1 ;;
esac`,
  };
  const stands = () => [agent, supervisor].map((one) => /\) T/.test(readFileSync(`/proc/${one?.pid}/stat`, "utf8")));
  try {
    const { hold, release } = standstill("main");
    expect(withStandIns(programs, hold).exitCode).toBe(0);
    expect(stands()).toEqual([true, false]);
    expect(withStandIns(programs, release).exitCode).toBe(0);
    expect(stands()).toEqual([false, false]);
    expect(
      withStandIns({ ...programs, docker: programs.docker.replace("printf", "exit 1; printf") }, hold).exitCode,
    ).not.toBe(0);
  } finally {
    for (const one of [agent, supervisor]) one?.kill("SIGKILL");
    await Promise.all(ended);
  }
});
