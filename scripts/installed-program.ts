import { delimiter } from "node:path";
import { runProgram } from "./run-program.ts";

/** Where a distribution puts what root runs. Debian leaves these folders out of a plain user's PATH. */
const ofRoot: readonly string[] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** Whether this user can run a program by its name. */
export async function isCommand(program: string): Promise<boolean> {
  return isIn(program, process.env.PATH);
}

/**
 * Whether a program that root runs is installed here.
 *
 * @param folders where it may be beside this user's PATH
 */
export async function isInstalled(program: string, folders = ofRoot): Promise<boolean> {
  // An empty part of a PATH is the folder that one is in.
  return isIn(program, [process.env.PATH, ...folders].filter(Boolean).join(delimiter));
}

async function isIn(program: string, PATH: string | undefined): Promise<boolean> {
  // The shell itself is found by this process's own PATH.
  const found = await runProgram(["sh", "-c", 'PATH=$2; command -v "$1"', "sh", program, PATH ?? ""]);
  return found.exitCode === 0;
}
