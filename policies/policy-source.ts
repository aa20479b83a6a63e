/**
 * Where a part of a stack's policy comes from: the baseline, a preset by its name, or a file by its path. A file may be called whatever
 * a preset is called, so it is the kind that tells them apart.
 */
export interface PolicySource {
  readonly kind: "baseline" | "preset" | "file";
  readonly name: string;
}
