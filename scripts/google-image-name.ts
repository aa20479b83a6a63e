/** The parts of an image's full name: `projects/p/global/images/x-v1`. */
export function partsOf(name: string): { readonly project: string; readonly own: string } | undefined {
  const [, project, own] = /projects\/([^/]+)\/global\/images\/([^/]+)$/.exec(name) ?? [];
  return project && own ? { project, own } : undefined;
}

/** The parts of a family's name, however it is written: `projects/p/global/images/family/x`, `p/family/x`. */
export function familyOf(name: string): { readonly project: string; readonly family: string } | undefined {
  const [, project, family] = /([^/]+)\/(?:global\/images\/)?family\/([^/]+)$/.exec(name) ?? [];
  return project && family ? { project, family } : undefined;
}
