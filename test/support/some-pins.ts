import type { Pins } from "../../stacks/settings/pins.ts";

type Files = Pins["artifacts"][string]["files"];

/** A lock file that pins what every stack needs for each processor, and besides or instead what is in `artifacts` and `images`. */
export function somePins({ artifacts = {}, images = {} }: Partial<Pins> = {}): Pins {
  const usual = Object.fromEntries(
    ["node", "npm", "cloudflared"].map((name) => [name, { version: "1.0", files: files() }]),
  );
  return { agent: "2026.9.6", artifacts: { ...usual, ...artifacts }, images };
}

/** Files with these checksums for processors; a `null` is a checksum that is not there. */
export function files(
  sums: Readonly<Record<string, string | null>> = { "linux-amd64": sum, "linux-arm64": sum },
): Files {
  return Object.fromEntries(Object.entries(sums).map(([platform, sha256]) => [platform, { sha256 }]));
}

export const sum = "0".repeat(64);
