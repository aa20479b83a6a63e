import { argv } from "../command.ts";
import type { Step } from "../step.ts";
import { absolute, type FileFacts, fileFacts, octal } from "./file-facts.ts";
import { sameOwnerAndMode } from "./managed-file.ts";

export interface Directory {
  /** Absolute; folders above it that are missing are made, as root's with mode 0755. */
  readonly path: string;
  /** @default 0o755 */
  readonly mode?: number;
  /** @default root */
  readonly owner?: string;
  /** @default root */
  readonly group?: string;
}

/** A folder with this mode and owner. What is in it stays as it is. */
export function ensureDirectory(directory: Directory): Step<FileFacts> {
  const { path, mode = 0o755, owner = "root", group = "root" } = directory;
  return {
    name: `folder ${path}`,
    facts: fileFacts(path),
    plan: (now) => {
      if (now.kind === "directory" && sameOwnerAndMode(directory, now, 0o755)) return [];
      const words = ["install", "-d", "-m", octal(mode), "-o", owner, "-g", group, absolute(path)];
      return [argv(`make the folder ${path} (${owner}:${group}, ${octal(mode)})`, words, { timeoutSeconds: 60 })];
    },
  };
}
