import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { newKey } from "./fake-host.ts";

/** OpenSSH's own agent, with one key that no file holds; undefined where it is not installed. */
export async function startAgent() {
  if (spawnSync("ssh-add", ["-l"]).error) return undefined;
  const folder = await mkdtemp(join(tmpdir(), "nemoclaw-agent-"));
  const socket = join(folder, "socket");
  const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  const key = newKey();
  for (let tries = 0; !existsSync(socket) && tries < 100; tries += 1) await sleep(50);
  const added = spawnSync("ssh-add", ["-q", "-"], {
    input: key.private,
    env: { ...process.env, SSH_AUTH_SOCK: socket },
  });
  if (added.status !== 0) throw new Error(`ssh-add: ${added.stderr}`);
  return {
    socket,
    key,
    [Symbol.asyncDispose]: async () => {
      agent.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
