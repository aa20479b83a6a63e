import { basename } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The end-to-end files that take minutes, the longest first. */
const longest = ["main-job", "interrupted", "upgrade", "operating", "faults", "parity", "existing"];

/**
 * Begins with the end-to-end files that take longest, so that the end of a run does not wait for one of them alone. Vitest
 * itself knows how long a file takes only where it ran before, and else goes by the files' sizes.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => (a.project === b.project ? rank(a) - rank(b) : 0));
  }
}

function rank({ moduleId }: TestSpecification): number {
  const place = longest.indexOf(basename(moduleId, ".test.ts"));
  return place === -1 ? longest.length : place;
}
