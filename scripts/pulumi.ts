import { isCancelled } from "../host/errors.ts";
import { findEngine, runEngineInForeground } from "./engine-choice.ts";
import { isLocal, localStack, releaseDeadLocks } from "./local-backend.ts";
import { namedStack } from "./named-stack.ts";

const help = `Usage: scripts/pulumi COMMAND [-s STACK] [option ...]

Runs a Pulumi command on a stack of this clone: preview, up, refresh, destroy, config, stack ...

Finds the Pulumi CLI on PATH, in ~/.pulumi or through npm's pulumi package, else takes the engine of this project, and says
which. Everything after the command goes to it as it is. Stack "local" (the default) keeps its state in .nemoclaw/ in the
clone, whatever you are logged in to; other stacks use your own Pulumi backend.

  NEMOCLAW_ENGINE=cli|embedded   takes that one

Exit codes: 0 fine, 1 error, 2 changes or drift where they were not expected, 64 usage, 130 cancelled.
`;

const args = process.argv.slice(2);
if (args.length === 0 || (args.length === 1 && ["--help", "-h", "help"].includes(args[0] ?? ""))) {
  process.stdout.write(help);
  process.exit(args.length === 0 ? 64 : 0);
}

const stack = namedStack(args) ?? process.env.PULUMI_STACK ?? localStack;
const engine = await findEngine({ download: true, say: (what) => console.error(what) }).catch((error: Error) => {
  console.error(error.message);
  process.exit(isCancelled(error) ? 130 : 1);
});
// Standard output belongs to the command: its JSON must stay whole.
console.error(`Engine: ${engine.about}`);
if (isLocal(stack) && engine.kind === "cli") await releaseDeadLocks(stack);
process.exitCode = await runEngineInForeground(engine, stack, args);
