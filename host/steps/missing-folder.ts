import { argv } from "../command.ts";
import type { Step } from "../step.ts";
import { absolute, type FileFacts, fileFacts, octal } from "./file-facts.ts";

/** A folder that is made when there is nothing at its path; what is there already stays whose it is. */
export function ensureFolderExists(folder: {
  readonly path: string;
  readonly owner: string;
  /** @default 0o755 */
  readonly mode?: number;
}): Step<FileFacts> {
  const { path, owner, mode = 0o755 } = folder;
  return {
    name: `folder ${path}`,
    facts: fileFacts(path),
    plan: (now) => {
      if (now.kind !== "absent") return [];
      const words = ["install", "-d", "-m", octal(mode), "-o", owner, "-g", owner, absolute(path)];
      return [argv(`make the folder ${path}, for ${owner}`, words)];
    },
  };
}
