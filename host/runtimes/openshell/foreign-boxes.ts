import { HostError } from "../../errors.ts";
import type { Owner } from "../../machine.ts";
import type { Step } from "../../step.ts";
import { isOurs } from "./box-owner.ts";
import { openshellQuestion, shown } from "./cli.ts";
import { type BoxContainer, foreignContainers, ourGatewaysContainers } from "./containers-of-gateway.ts";
import { removedWithoutGateway } from "./gateway-gone.ts";
import { listed } from "./listed.ts";
import { gatewayUnitName } from "./paths.ts";

export interface ForeignBoxesFacts {
  /** Every sandbox by the gateway's word; undefined when it does not answer. */
  readonly boxes: readonly ListedBox[] | undefined;
  /** What Docker shows of the gateway's sandboxes, running or not. */
  readonly containers: readonly BoxContainer[];
}

interface ListedBox {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * No sandbox of somebody else's on the gateway that is about to go: it would end with it. Where the gateway does not answer,
 * Docker shows whose its containers are.
 *
 * @throws HostError of kind `foreign` from its plan, with the sandboxes' names
 */
export function refuseForeignBoxes(owner: Owner): Step<ForeignBoxesFacts> {
  return {
    name: "nobody else's sandbox on OpenShell's gateway",
    facts: {
      boxes: openshellQuestion(["sandbox", "list", "-o", "json"], parseBoxes),
      containers: ourGatewaysContainers,
    },
    plan(now) {
      const names = foreignIn(now, owner);
      if (names.length === 0) return [];
      throw new HostError("foreign", {
        summary: `OpenShell's gateway on this machine has sandboxes that are not of this stack: ${names.join(", ")}; nothing was removed`,
        ran: now.boxes ? shown("sandbox", "list") : "docker ps --all --filter label=openshell.ai/managed-by=openshell",
        try: `delete them first, if nobody needs them: ${now.boxes ? "" : `systemctl start ${gatewayUnitName}; `}openshell sandbox delete ${names.join(" ")}`,
      });
    },
    remarks: ({ boxes }) =>
      boxes ? [] : [removedWithoutGateway("Docker shows no sandbox of somebody else's that would end with it")],
  };
}

function foreignIn({ boxes, containers }: ForeignBoxesFacts, owner: Owner): string[] {
  if (boxes === undefined) return foreignContainers(containers);
  return boxes.filter((box) => !isOurs(box, owner)).map(({ name }) => name);
}

/** Reads the answer to `openshell sandbox list -o json`. */
export function parseBoxes({ stdout, exitCode }: { readonly stdout: string; readonly exitCode: number }) {
  if (exitCode !== 0) return undefined;
  return listed(stdout, "sandboxes").map(
    ({ name, labels }): ListedBox => ({ name: String(name), labels: (labels ?? {}) as ListedBox["labels"] }),
  );
}
