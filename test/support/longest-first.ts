import { basename } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The files that take long, the longest first: end-to-end ones that take minutes, and unit ones that take half a minute. */
const longest = {
  e2e: ["main-job", "interrupted", "upgrade", "operating", "faults", "existing", "parity"],
  unit: ["scripts", "engine", "bridge", "supervisor-attendant", "engine-resume"],
};

/**
 * Begins with the files that take longest, so that the end of a run does not wait for one of them alone. Vitest
 * itself knows how long a file takes only where it ran before, and else goes by the files' sizes.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => (a.project === b.project ? rank(a) - rank(b) : 0));
  }
}

function rank({ moduleId, project }: TestSpecification): number {
  const files = longest[project.name as keyof typeof longest];
  const place = files.indexOf(basename(moduleId, ".test.ts"));
  return place === -1 ? files.length : place;
}
