import type { Arch } from "./machine-types.ts";

/** The processor of a local machine: that of this computer, on which it is a container. */
export const localArch: Arch = process.arch === "arm64" ? "arm64" : "amd64";
