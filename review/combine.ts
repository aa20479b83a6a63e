import type { Fact } from "./facts.ts";
import type { Report } from "./report.ts";
import { unshownIn } from "./unshown.ts";

/**
 * A preview's report with what only revisions can tell: where versions and digests come from, and which secrets of the stack
 * file have changed. What happens and what the agent may reach is the preview's to say, and
 * that it says nothing of what the revisions change is told; who can reach it, both do.
 */
export function combine(preview: Report, revisions: Report): Report {
  const known = new Set(preview.versions.map(({ what }) => what));
  // Where nothing could be compared, all is told as new, which the preview knows better.
  const exposure = revisions.refused ? [] : revisions.exposure;
  return {
    ...preview,
    compared: `${preview.compared}; ${revisions.compared}`,
    versions: [...preview.versions, ...revisions.versions.filter(({ what }) => !known.has(what))],
    exposure: [...preview.exposure, ...exposure.filter((one) => !preview.exposure.some(same(one)))],
    refused: revisions.refused,
    unread: revisions.unread,
    unshown: unshownIn(preview, revisions),
    settings: [...preview.settings, ...revisions.settings],
    // What the stack file names is not guessed at.
    secrets: [
      ...revisions.secrets,
      ...preview.secrets.filter(({ guessed }) => !guessed || revisions.secrets.length === 0),
    ],
  };
}

const same = (one: Fact) => (other: Fact) =>
  one.what === other.what && one.before === other.before && one.after === other.after;
