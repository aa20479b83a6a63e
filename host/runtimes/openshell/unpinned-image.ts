import { quote } from "../../command.ts";
import type { HostErrorDetails } from "../../errors.ts";
import type { SandboxImage } from "./sandbox-image.ts";

/** An image that a stack named and the lock file does not pin: what it should be is not known, and it cannot be made. */
export function unpinnedImage(
  reference: string,
  { summary, try: hint }: Pick<HostErrorDetails, "summary" | "try">,
): SandboxImage {
  return {
    name: "nemoclaw/openshell-sandbox:unpinned",
    recipe: undefined,
    make: { title: `make a sandbox image from ${reference}`, script: `echo ${quote(summary)}\nexit 1`, try: hint },
  };
}
