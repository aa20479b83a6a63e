import type { Command } from "commander";
import { quote } from "../host/command.ts";
import { namesOf } from "./sandbox-names.ts";
import { ExitError, findStandings, type Standing, stackCommand } from "./stack-command.ts";

/** A command about one sandbox of a stack; where it has several, `--sandbox NAME` says which. */
export function sandboxCommand(name: string, description: string): Command {
  return stackCommand(name, description).option("--sandbox <name>", "which one, where the stack has several sandboxes");
}

/**
 * Finds the sandbox that a command is about: the only one of its stack, or the one that `--sandbox` names. Of several none is taken
 * that nobody has named.
 *
 * @throws ExitError when there is no such stack, nothing on it yet, or it is not said which
 */
export async function findChosen(program: Command): Promise<Standing> {
  const { stack, sandbox: wanted } = program.opts<{ stack: string; sandbox?: string }>();
  const standings = await findStandings(stack);
  const names = namesOf(standings);
  const found = wanted === undefined ? standings : standings.filter((_, at) => names[at] === wanted);
  const [only] = found;
  if (only && found.length === 1) return only;
  const fault =
    wanted === undefined
      ? `Stack ${stack} has ${standings.length} sandboxes, and ${program.name()} acts on one.`
      : `Stack ${stack} has ${standings.some(({ sandbox }) => sandbox === wanted) ? "more than one" : "no"} sandbox ${wanted}.`;
  const choices = names.map((name) => `--sandbox ${quote(name)}`);
  throw new ExitError(`${fault}\n  try   ${choices.join("\n        ")}`, 64);
}
