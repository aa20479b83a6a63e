import type { Arch } from "./machine-types.ts";

/** The clouds' names for processors, and ours. */
export const archNames: Readonly<Record<string, Arch>> = {
  x86_64: "amd64",
  X86_64: "amd64",
  arm64: "arm64",
  ARM64: "arm64",
};

/** The fault of an image that is built for another processor than the stack says. */
export function wrongArch(image: string, is: Arch, said: Arch) {
  return {
    path: "machine.image.arch",
    message: `${image} is built for ${is}, and the stack says ${said}`,
    instead: is,
  };
}
