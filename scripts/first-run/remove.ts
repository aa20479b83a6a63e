import { existsSync } from "node:fs";
import { readdir, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ensureDockerDaemon, stopOwnedDaemon } from "../../host/local/daemon.ts";
import { removeMakings } from "../../host/local/making-folder.ts";
import { keptFolder } from "../clone-paths.ts";
import { joinDockerGroup, type StartAgain } from "../docker-group.ts";
import { type Engine, findEngine, runEngine } from "../engine-choice.ts";
import { isLocal, releaseDeadLocks, stackStateFile } from "../local-backend.ts";
import type { Progress, Say } from "../progress.ts";
import { runProgram } from "../run-program.ts";
import { configuredStacks } from "../stack-files.ts";
import { readStackState, type StackState } from "../stack-state.ts";
import { engineFailed, tellEngineLine, waitForOtherRun } from "./apply.ts";
import { madeFile, noteLeft, readMade } from "./made-here.ts";
import { removeImages } from "./remove-images.ts";
import { notOurs, removeStackFile } from "./stack-file.ts";
import { whatStays } from "./what-stays.ts";

/**
 * Removes all that quick starts of this clone made for a stack, and nothing else; says what stays.
 *
 * @returns the command that is to do it, in the session in which a quick start has joined this user to Docker's group
 */
export async function removeEverything(stack: string, progress: Progress): Promise<StartAgain | undefined> {
  const made = await readMade((line) => progress.line(line));
  if (made.groups.includes("docker")) {
    const again = await progress.step("Docker on this computer", joinDockerGroup);
    if (again) return again;
  }
  const { hasDocker, standing, others } = await progress.step("Look at what is here", async () => ({
    hasDocker: (await runProgram(["docker", "--version"])).exitCode === 0,
    standing: existsSync(stackStateFile(stack)) ? await lookAtStack(stack) : undefined,
    others: await otherStacks(stack),
  }));
  // Other stacks of this clone go on with its images.
  const images = others.length > 0 ? [] : made.images;
  // Whether an image is gone only a daemon knows; one that was stopped meanwhile keeps them all.
  if (hasDocker && (standing || images.length > 0)) {
    await progress.step("Docker on this computer", (say) => ensureDockerDaemon({ directory: keptFolder, log: say }));
  }
  if (standing) await removeStack(stack, standing, hasDocker, progress);
  else {
    progress.line(`Stack ${stack} has no state in this clone.`);
    if (hasDocker) await tellForeign(stack, progress);
  }
  const kept = await removeStackFile(stack, (line) => progress.line(line));

  if (others.length > 0) {
    progress.line(`Kept for stack ${others.join(", ")}: ${keptFolder}, the Docker images and the daemon.`);
    if (kept) progress.line(`Kept, as it is ${notOurs}: ${kept.file}`);
    return undefined;
  }
  const stayed = await progress.step("Remove what it brought to this computer", async (say) => {
    const stayed = images.length > 0 ? await removeImages(images, say) : [];
    for (const folder of made.clis) await removeCli(folder, say);
    // A later one tries again.
    if (stayed.length > 0) await noteLeft({ ...made, images: stayed, clis: [] });
    await stopOwnedDaemon({ directory: keptFolder, log: say });
    await removeMakings(keptFolder);
    await removeKept([...(kept?.passphrase ? [kept.passphrase] : []), ...(stayed.length > 0 ? [madeFile] : [])]);
    return stayed;
  });

  progress.line("");
  const all = stayed.length === 0 && !made.lost;
  progress.line(`${all ? "Everything" : "Not all that"} the quick start made is gone. What stays:`);
  for (const [what, command] of await whatStays(made, kept, stayed))
    progress.line(`  ${what}; remove with: ${command}`);
  return undefined;
}

interface Standing {
  readonly engine: Engine;
  readonly installations: readonly string[];
}

async function lookAtStack(stack: string): Promise<Standing> {
  const engine = await findEngine();
  return { engine, installations: installationsOf(await readStackState(engine, stack)) };
}

async function removeStack(stack: string, standing: Standing, hasDocker: boolean, progress: Progress): Promise<void> {
  const { engine, installations } = standing;
  progress.line(`Engine: ${engine.about}`);
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
    if (answer.exitCode !== 0) throw await engineFailed(stack, "taken down", answer.exitCode, lines);
  });
  await progress.step("Look for what a killed run left", async (say) => {
    // A run killed between making something and writing it down leaves what the state does not know.
    if (hasDocker) await removeLabelled(installations, say);
    await runEngine(engine, stack, ["stack", "rm", "--yes", "--force", "--preserve-config", stack]);
    await rm(stackStateFile(stack), { force: true });
  });
}

/** Removes what the scripts keep for this clone, but for these files of it. */
async function removeKept(but: readonly string[]): Promise<void> {
  if (but.length === 0) return rm(keptFolder, { recursive: true, force: true });
  for (const name of await readdir(keptFolder).catch(() => [] as string[]))
    if (!but.includes(join(keptFolder, name))) await rm(join(keptFolder, name), { recursive: true, force: true });
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

/** Goes up to `~/.pulumi` itself, as long as nothing else is in there. */
async function removeCli(folder: string, say: Say): Promise<void> {
  say(`removing the Pulumi CLI that was downloaded to ${folder}`);
  await rm(folder, { recursive: true, force: true });
  for (const above of [join(folder, ".."), join(folder, "..", "..")]) await rmdir(above).catch(() => {});
}

/** One that was only configured counts, too: without the clone's passphrase nobody reads its secrets any more. */
async function otherStacks(stack: string): Promise<string[]> {
  const files = await readdir(dirname(stackStateFile(stack))).catch(() => [] as string[]);
  const stated = files.filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -".json".length));
  return [...new Set([...stated, ...configuredStacks().filter(isLocal)])].filter((name) => name !== stack).sort();
}
