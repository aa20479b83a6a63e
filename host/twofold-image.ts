interface PinnedImage {
  readonly digest: string | null;
  readonly archives?: object | undefined;
}

/**
 * What is wrong with an image that is pinned by a digest and by archives: a machine installs one of them, and nobody compares it with the
 * other, so that the digest would stand for what nobody gets.
 */
export function twofoldFault({ digest, archives = {} }: PinnedImage): { message: string; try: string } | undefined {
  if (digest === null || Object.keys(archives).length === 0) return undefined;
  return {
    message: "a digest and archives, and a machine can only be given one of them",
    try: '"digest": null beside archives, for a site without a registry; or no archives',
  };
}
