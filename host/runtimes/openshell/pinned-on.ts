import type { Arch } from "../../lock.ts";

/** What is pinned for a processor. Of a machine that is not made yet it is not known: then it is enough that one is pinned. */
export function pinnedOn<T>(arch: Arch, read: (arch: Arch) => T): T {
  if (arch === "amd64" || arch === "arm64") return read(arch);
  try {
    return read("amd64");
  } catch {
    return read("arm64");
  }
}
