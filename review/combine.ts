import type { Report } from "./report.ts";

/**
 * A preview's report with what only revisions can tell: where versions and digests come from, and which secrets of the stack
 * file have changed. What happens and what is accessible is the preview's to say.
 */
export function combine(preview: Report, revisions: Report): Report {
  const known = new Set(preview.versions.map(({ what }) => what));
  return {
    ...preview,
    compared: `${preview.compared}; ${revisions.compared}`,
    versions: [...preview.versions, ...revisions.versions.filter(({ what }) => !known.has(what))],
    exposure: preview.exposure.length > 0 ? preview.exposure : revisions.exposure,
    settings: revisions.settings,
    // What the stack file names is not guessed at.
    secrets: [
      ...revisions.secrets,
      ...preview.secrets.filter(({ guessed }) => !guessed || revisions.secrets.length === 0),
    ],
  };
}
