import { HostError } from "../../errors.ts";
import type { Step } from "../../step.ts";
import { openshellQuestion, shown } from "./cli.ts";
import { listed } from "./listed.ts";

export interface ForeignBoxesFacts {
  /** Sandboxes that do not say that this package made them. */
  readonly names: readonly string[];
}

/**
 * No sandbox of somebody else's on the gateway that is about to go: it would end with it. A gateway that does not answer keeps
 * nothing from being removed.
 *
 * @throws HostError of kind `foreign` from its plan, with the sandboxes' names
 */
export function refuseForeignBoxes(): Step<ForeignBoxesFacts> {
  return {
    name: "nobody else's sandbox on OpenShell's gateway",
    facts: {
      names: openshellQuestion(["sandbox", "list", "-o", "json"], ({ stdout, exitCode }) =>
        exitCode === 0 ? foreignIn(stdout) : [],
      ),
    },
    plan({ names }) {
      if (names.length === 0) return [];
      throw new HostError("foreign", {
        summary: `OpenShell's gateway on this machine has sandboxes that this package did not make: ${names.join(", ")}; nothing was removed`,
        ran: shown("sandbox", "list"),
        try: `delete them first, if nobody needs them: openshell sandbox delete ${names.join(" ")}`,
      });
    },
  };
}

/** Reads the answer to `openshell sandbox list -o json`. */
export function foreignIn(text: string): string[] {
  return listed(text, "sandboxes")
    .filter(({ labels }) => (labels as Record<string, string> | undefined)?.["nemoclaw.owner"] === undefined)
    .map(({ name }) => String(name));
}
