import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import type { Say } from "./progress.ts";
import { runInForeground, runProgram } from "./run-program.ts";

/**
 * Lets this user use Docker, where that takes membership in the group `docker` and sudo can give it. A process keeps the groups
 * it was started with, so this script is then started once more and its exit code is ours.
 *
 * @param joined told before the second start, to note what was changed
 */
export async function joinDockerGroup(say: Say, joined: () => Promise<void>): Promise<void> {
  if (process.platform !== "linux" || process.getuid?.() === 0 || process.env.DOCKER_HOST) return;
  const answers = await runProgram(["docker", "version", "--format", "{{.Server.Version}}"], { timeoutSeconds: 20 });
  const group = await groupId("docker");
  if (answers.exitCode === 0 || group === undefined || process.getgroups?.().includes(group)) return;
  if ((await runProgram(["sudo", "-n", "true"])).exitCode !== 0) return;

  const { username, uid, gid } = userInfo();
  say(`joining ${username} to the group docker, with sudo; open sessions know it after the next login`);
  await runProgram(["sudo", "-n", "usermod", "--append", "--groups", "docker", username]);
  await joined();
  const again = ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--init-groups", "--"];
  const kept = ["PATH", "HOME"].map((name) => `${name}=${process.env[name] ?? ""}`);
  const command = ["sudo", "-n", "-E", ...again, "env", ...kept, process.execPath, ...process.argv.slice(1)];
  process.exit(await runInForeground(command));
}

async function groupId(name: string): Promise<number | undefined> {
  const line = (await readFile("/etc/group", "utf8")).split("\n").find((text) => text.startsWith(`${name}:`));
  return line === undefined ? undefined : Number(line.split(":")[2]);
}
