import { chmodSync, renameSync, writeFileSync } from "node:fs";

/** Writes a file so that a reader sees the old one or the new one, never half of it. */
export function writeAtomically(path: string, content: string, mode: number): void {
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, content, { mode });
  chmodSync(draft, mode); // the umask may have taken bits away
  renameSync(draft, path);
}
