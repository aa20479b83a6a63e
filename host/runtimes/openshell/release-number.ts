/** The number of a release, without what a build adds to it: `0.0.112` of `0.0.112-dev.7+g2f7fb65`. */
export const numberOf = (version: string) => version.replace(/[-+].*$/, "");

/** Whether two versions are of one release: what a build adds does not matter. */
export const isSameRelease = (one: string, other: string) => numberOf(one) === numberOf(other);
