import type { ResourceChange } from "./preview/resource-changes.ts";
import type { Report } from "./report.ts";

/**
 * What two revisions change and a preview beside them shows nothing of, in words. Either the preview is an older one or of another
 * checkout, or all of it has been applied already; which, nobody can tell from the two.
 */
export function unshownIn(preview: Report, revisions: Report): string[] {
  // Where nothing could be compared, all is told as new.
  if (revisions.refused) return [];
  const certain = revisions.trust.filter(({ effect }) => effect === "widens" || effect === "narrows");
  const kinds: [name: string, told: readonly unknown[], shown: readonly unknown[]][] = [
    ["access of the agent", unshownAccess(preview, revisions), []],
    ["the model or where it is", revisions.model.filter(({ what }) => what !== "provider"), preview.model],
    // Of a file that no revision has, only the preview knows.
    ["whom the machine trusts", certain, preview.trust],
    ["something that is replaced or made anew", unshownEnds(preview, revisions), []],
  ];
  return kinds.flatMap(([name, told, shown]) => (told.length > 0 && shown.length === 0 ? [name] : []));
}

/** What an update undoes of drift is no sign of what the revisions open or shut. */
function unshownAccess(preview: Report, revisions: Report) {
  return revisions.access.filter(
    ({ effect }) => effect !== "neutral" && !preview.access.some((one) => one.effect === effect),
  );
}

function unshownEnds(preview: Report, revisions: Report) {
  const ends = preview.resources.filter(isEnd).map(({ label }) => label);
  return revisions.expected.filter(({ label }) => !ends.some((end) => (shownBy[label] ?? [end]).includes(end)));
}

const isEnd = ({ operation, madeAnew, lost }: ResourceChange) =>
  operation === "replace" || madeAnew || lost !== undefined;

/** What ends in a preview where revisions expect the end of something: that, or what it stands on. */
const shownBy: Readonly<Record<string, readonly string[]>> = {
  machine: ["machine"],
  "data disk": ["disk"],
  "sandbox runtime, and the sandbox": ["sandbox runtime", "machine"],
  sandbox: ["sandbox", "sandbox runtime", "machine"],
  "Telegram bridge": ["Telegram bridge", "machine"],
};
