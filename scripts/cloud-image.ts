import type { Arch } from "../components/machine/machine-types.ts";

/** What a cloud says of an image. */
export interface CloudImage {
  /** Why no machine is to be made from it any more. */
  readonly faults: readonly string[];
  readonly arch?: Arch | undefined;
  /** Where another one comes from, where `scripts/lock refresh` finds none. */
  readonly others?: string | undefined;
}
