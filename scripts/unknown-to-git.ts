import { ReviewError } from "../review/review-error.ts";
import { unknownToGit } from "../review/revisions/unknown-to-git.ts";
import { ownName } from "./clone-paths.ts";

// For gitops/steps/as-committed: STACK REVISION. Prints what the program would read for the stack and the revision does not have.

const [stack = "", revision = ""] = process.argv.slice(2);
try {
  const { NEMOCLAW_LOCK_FILE: lockFile } = process.env;
  for (const path of unknownToGit(process.cwd(), ownName(stack), revision, lockFile || undefined)) console.log(path);
} catch (error) {
  if (!(error instanceof ReviewError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
