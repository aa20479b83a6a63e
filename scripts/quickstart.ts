import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { relative } from "node:path";
import { Command, CommanderError, Option } from "commander";
import { isCancelled } from "../host/errors.ts";
import { closeAll } from "../host/pool.ts";
import { describeStopped, stoppedFrom } from "../host/stopped.ts";
import { cloneFolder, keptFolder, stackFile } from "./clone-paths.ts";
import { findLacking, prepareDocker, prepareImage } from "./computer-setup.ts";
import type { StartAgain } from "./docker-group.ts";
import { elapsed } from "./duration.ts";
import { cliToDownload, findEngine } from "./engine-choice.ts";
import { applyStack, EngineFailed } from "./first-run/apply.ts";
import { ensureLocalStack } from "./first-run/local-stack.ts";
import { bringCli, bringImage, bringPackages, noteMade } from "./first-run/made-here.ts";
import { prove } from "./first-run/proof.ts";
import { removeEverything } from "./first-run/remove.ts";
import { isLocal, localStack, stackStateFile } from "./local-backend.ts";
import { Progress } from "./progress.ts";
import { outliveReader } from "./reader-gone.ts";
import { runInForeground } from "./run-program.ts";
import { stackName } from "./stack-name.ts";
import { readStackState } from "./stack-state.ts";

const program = new Command("scripts/quickstart")
  .description(
    "Sets up a disposable machine on this computer with a policed OpenClaw agent on it, and proves that it works: a message\n" +
      "through Telegram (a stand-in) to the agent and back, one refused way out, one refused write. Needs no account anywhere.\n" +
      "Run it again after a change or an interruption; it goes on from where things are.",
  )
  .addOption(
    new Option("-s, --stack <name>", "local, or local-NAME for a second one").default(localStack).argParser(stackName),
  )
  .option(
    "--destroy",
    "remove everything the quick start made, and nothing else; a configuration that you changed stays",
  )
  .exitOverride();

const progress = new Progress();

outliveReader();
process.exitCode = await main().catch((error: unknown) => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 64;
  console.error(`\n${error instanceof Error ? error.message : error}`);
  if (error instanceof EngineFailed) return error.exitCode;
  if (!isCancelled(error)) return 1;
  console.error("The same command goes on from here.");
  return 130;
});
await closeAll();

async function main(): Promise<number> {
  const { stack, destroy } = program.parse().opts<{ stack: string; destroy?: boolean }>();
  if (!isLocal(stack)) {
    console.error(`The quick start makes local stacks only: local, or local-NAME; not ${stack}.`);
    console.error("  try   scripts/pulumi up -s NAME     for any other, after writing stacks/Pulumi.NAME.yaml");
    return 64;
  }
  if (!destroy && process.platform !== "linux") {
    throw new Error(
      "The quick start runs on Linux alone: the DEMO beside its machine takes the Node for Linux that npm brings there only\n" +
        "  try   it in a Linux of its own on this computer, a virtual machine for one",
    );
  }
  const began = performance.now();
  const again = await (destroy ? removeEverything(stack, progress) : bringUp(stack));
  if (again) return goOnAsMember(again, destroy);
  progress.line(`\nTook ${elapsed((performance.now() - began) / 1000)}.`);
  return 0;
}

/** In the group of Docker that this session does not know of. */
async function goOnAsMember({ command }: StartAgain, destroy?: boolean): Promise<number> {
  const exitCode = await runInForeground(command);
  if (!destroy) {
    progress.line("\nThis session and others that are open may use Docker after the next login only, and so may what");
    progress.line("scripts/pulumi does in them; until then, in one of them: newgrp docker");
  }
  return exitCode;
}

async function bringUp(stack: string): Promise<StartAgain | undefined> {
  // A stack that stands goes on with the engine it has; a download that does not end would hold up every later run.
  const download = !existsSync(stackStateFile(stack)) || process.env.NEMOCLAW_ENGINE === "cli";
  const [lacking, cli] = await progress.step("Look at this computer", () =>
    Promise.all([findLacking(), download ? cliToDownload() : undefined]),
  );
  progress.line("");
  progress.line(progress.heading("What this will put on this computer"));
  for (const { name, reason } of lacking.now) progress.line(`  with apt: ${name} (${reason})`);
  for (const { name, reason } of [...lacking.client, ...lacking.perhaps])
    progress.line(`  with apt, if needed: ${name} (${reason})`);
  progress.line(
    `  in Docker: a container as the machine, one beside it with the DEMO model and Telegram stand-in, their image`,
  );
  const place = cli?.folder.replace(`${homedir()}/`, "~/");
  if (cli) progress.line(`  in ${place}: the Pulumi CLI, where npm's pulumi package can download it (${cli.why})`);
  const [kept, configuration] = [keptFolder, stackFile(stack)].map((path) => relative(cloneFolder, path));
  progress.line(`  in this clone: state and secrets in ${kept}, configuration in ${configuration}`);
  progress.line(
    "  All of it goes with scripts/quickstart --destroy, but for what apt installed and a configuration that you changed.\n",
  );

  const engine = await progress.step("Choose the engine", (say) => findEngine({ download, say, bringing: bringCli }));
  progress.line(`    Engine: ${engine.about}`);
  const docker = await progress.step("Docker on this computer", (say) =>
    prepareDocker(lacking, say, { packages: bringPackages, note: noteMade }),
  );
  if (typeof docker === "object") return docker;
  await progress.step("Image of the local machine", (say) =>
    prepareImage(lacking, say, { bringing: bringImage, packages: bringPackages }),
  );
  const configured = await progress.step(`Configuration of stack ${stack}`, (say) =>
    ensureLocalStack(engine, stack, say),
  );
  const applied = await progress.step(`Apply stack ${stack}`, (say) => applyStack(engine, stack, say));
  const state = await readStackState(engine, stack);
  if (!state) throw new Error(`stack ${stack} has no state after it was applied`);
  const stopped = stoppedFrom(state.find("nemoclaw:host:Sandbox")?.outputs.stopped);
  // It was made ready and not started, so there is nothing to prove.
  if (stopped) throw new Error(`Stack ${stack} is ${describeStopped(stopped)}\n  try   scripts/start -s ${stack}`);
  await progress.step("Proof", (say) => prove(state, say));

  progress.line("");
  progress.line(
    applied.changed || configured
      ? `${progress.heading("Done")}: ${applied.summary}; all of it: scripts/pulumi stack -s ${stack}`
      : `${progress.heading("Nothing to change")}: everything was as configured, and it works.`,
  );
  const option = stack === localStack ? "" : ` -s ${stack}`;
  progress.line(progress.heading("Next"));
  const commands = [
    [`scripts/chat${option} "What can you do?"`, "talk to the agent without Telegram"],
    [`scripts/status${option}`, "what runs, with which model and policy"],
    [`scripts/logs${option} --follow denials`, "what the sandbox is refused, as it happens"],
    [`scripts/pulumi preview -s ${stack}`, `after an edit of stacks/Pulumi.${stack}.yaml`],
    [`scripts/quickstart${option} --destroy`, "remove all of it"],
  ];
  const width = Math.max(...commands.map(([command = ""]) => command.length));
  for (const [command = "", what] of commands) progress.line(`  ${command.padEnd(width)}   ${what}`);
  return undefined;
}
