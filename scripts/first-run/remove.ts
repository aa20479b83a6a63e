import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { ensureDockerDaemon, stopOwnedDaemon } from "../../host/local/daemon.ts";
import { keptFolder, stackFile } from "../clone-paths.ts";
import { findEngine, runEngine } from "../engine-choice.ts";
import { releaseDeadLocks, stackStateFile } from "../local-backend.ts";
import type { Progress, Say } from "../progress.ts";
import { runProgram } from "../run-program.ts";
import { readStackState, type StackState } from "../stack-state.ts";
import { EngineFailed, tellEngineLine, waitForOtherRun } from "./apply.ts";
import { readMade } from "./made-here.ts";
import { removeImages } from "./remove-images.ts";

/** Removes all that quick starts of this clone made for a stack, and nothing else; says what stays. */
export async function removeEverything(stack: string, progress: Progress): Promise<void> {
  const made = await readMade();
  const hasDocker = (await runProgram(["docker", "--version"])).exitCode === 0;
  if (existsSync(stackStateFile(stack))) {
    const engine = await findEngine();
    progress.line(`Engine: ${engine.about}`);
    if (hasDocker) {
      await progress.step("Docker on this computer", (say) => ensureDockerDaemon({ directory: keptFolder, log: say }));
    }
    const state = await readStackState(engine, stack);
    const installations = installationsOf(state);
    await progress.step(`Destroy stack ${stack}`, async (say) => {
      await waitForOtherRun(stack, say);
      if (engine.kind === "cli") await releaseDeadLocks(stack);
      const lines: string[] = [];
      const args = ["destroy", "--yes", "--skip-preview", "--non-interactive", "--color", "never", "--stack", stack];
      const answer = await runEngine(engine, stack, args, {
        onLine: (line) => {
          lines.push(line);
          tellEngineLine(line, say);
        },
      });
      if (answer.exitCode !== 0) throw new EngineFailed(stack, answer.exitCode, lines);
    });
    if (hasDocker) {
      // A run killed between making something and writing it down leaves what the state does not know.
      await progress.step("Look for what a killed run left", (say) => removeLabelled(installations, say));
    }
    await runEngine(engine, stack, ["stack", "rm", "--yes", "--force", "--preserve-config", stack]);
    await rm(stackStateFile(stack), { force: true });
  } else {
    progress.line(`Stack ${stack} has no state in this clone.`);
    if (hasDocker) await tellForeign(stack, progress);
  }
  await rm(stackFile(stack), { force: true });

  const others = await otherStacks(stack);
  if (others.length > 0) {
    progress.line(`Kept for stack ${others.join(", ")}: ${keptFolder}, the Docker images and the daemon.`);
    return;
  }
  if (hasDocker && made.images.length > 0) {
    await progress.step("Remove the images made here", (say) => removeImages(made.images, say));
  }
  await stopOwnedDaemon({ directory: keptFolder, log: (line) => progress.line(`  ${line}`) });
  await rm(keptFolder, { recursive: true, force: true });

  progress.line("");
  progress.line("Everything the quick start made is gone. What stays:");
  const names = made.packages.join(" ");
  const stays = [
    ["node_modules/ in this clone", "rm -r node_modules"],
    ...(names ? [[`from apt: ${names}`, `apt-get remove ${names}`]] : []),
    ...made.groups.map((group) => [`you in the group ${group}`, `gpasswd --delete ${userInfo().username} ${group}`]),
  ];
  for (const [what, command] of stays) progress.line(`  ${what}; remove with: ${command}`);
}

/** Every name this clone's things may carry as their owner: machine and demo are labelled with one of its key pairs. */
function installationsOf(state: StackState | undefined): string[] {
  const keys = state?.resources.filter(({ type }) => type === "nemoclaw:index:SshKeyPair").map(({ id }) => id) ?? [];
  return keys.filter((id): id is string => Boolean(id));
}

async function removeLabelled(installations: readonly string[], say: Say): Promise<void> {
  const kinds = [
    { list: ["container", "ls", "--all"], remove: ["container", "rm", "--force", "--volumes"] },
    { list: ["volume", "ls"], remove: ["volume", "rm"] },
    { list: ["network", "ls"], remove: ["network", "rm"] },
  ];
  for (const installation of installations) {
    for (const { list, remove } of kinds) {
      const label = `label=nemoclaw.installation=${installation}`;
      const found = await runProgram(["docker", ...list, "--quiet", "--filter", label]);
      for (const id of found.stdout.split("\n").filter(Boolean)) {
        say(`docker ${remove.join(" ")} ${id}`);
        await runProgram(["docker", ...remove, id], { timeoutSeconds: 120 });
      }
    }
  }
}

/** Without the state nothing tells whether these are ours or another clone's, so a person decides. */
async function tellForeign(stack: string, progress: Progress): Promise<void> {
  const filter = ["--filter", `label=nemoclaw.stack=${stack}`, "--format", "{{.Names}}"];
  const { stdout } = await runProgram(["docker", "container", "ls", "--all", ...filter]);
  const names = stdout.split("\n").filter(Boolean);
  if (names.length === 0) return;
  progress.line(`Docker has containers of a stack of this name, made by another clone or by a state that is lost:`);
  progress.line(`  ${names.join(" ")}; if nobody needs them: docker container rm --force --volumes ${names.join(" ")}`);
}

async function otherStacks(stack: string): Promise<string[]> {
  const folder = join(stackStateFile(stack), "..");
  const names = await readdir(folder).catch(() => [] as string[]);
  return names.filter((name) => name.endsWith(".json") && name !== `${stack}.json`).map((name) => name.slice(0, -5));
}
