import { userInfo } from "node:os";
import type { Say } from "./progress.ts";
import { type Finished, runProgram } from "./run-program.ts";

/** This script must be started once more, by this command, and its exit code is ours. */
export interface StartAgain {
  readonly command: readonly string[];
}

/**
 * Lets this user use Docker, where that takes membership in the group `docker` and sudo can give it. A process keeps the groups
 * it was started with.
 *
 * @returns undefined where nothing was to be done
 * @throws Error when sudo is there and the group does not take this user
 */
export async function joinDockerGroup(say: Say): Promise<StartAgain | undefined> {
  if (process.platform !== "linux" || process.getuid?.() === 0 || process.env.DOCKER_HOST) return undefined;
  const answers = await runProgram(["docker", "version", "--format", "{{.Server.Version}}"], { timeoutSeconds: 20 });
  const group = await readGroup("docker");
  if (answers.exitCode === 0 || !group || process.getgroups?.().includes(group.id)) return undefined;
  if ((await runProgram(["sudo", "-n", "true"])).exitCode !== 0) return undefined;

  const { username, uid, gid } = userInfo();
  if (group.members.includes(username)) {
    say(`${username} is in the group docker, which this session does not know yet: going on as a member, with sudo`);
  } else {
    say(`joining ${username} to the group docker, with sudo; open sessions know it after the next login`);
    const join = ["sudo", "-n", "usermod", "--append", "--groups", "docker", username];
    const joined = await runProgram(join);
    if (joined.exitCode !== 0) throw new Error(notJoined(join, joined));
  }
  const again = ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--init-groups", "--"];
  const kept = ["PATH", "HOME"].map((name) => `${name}=${process.env[name] ?? ""}`);
  return { command: ["sudo", "-n", "-E", ...again, "env", ...kept, process.execPath, ...process.argv.slice(1)] };
}

// Started again without it, this script would only come back here.
function notJoined(ran: readonly string[], { exitCode, stderr }: Finished): string {
  return [
    "this user may not use Docker here, and could not be joined to the group docker",
    `  ran   ${ran.join(" ")}   (exit ${exitCode})`,
    `  said  ${stderr.trim()}`,
    "  try   have an administrator let this user use Docker, log in again, then run this again",
  ].join("\n");
}

async function readGroup(name: string): Promise<{ id: number; members: readonly string[] } | undefined> {
  const { exitCode, stdout } = await runProgram(["getent", "group", name]);
  const [, , id, members = ""] = stdout.trim().split(":");
  return exitCode === 0 ? { id: Number(id), members: members.split(",") } : undefined;
}
