import { type Fact, listFacts } from "../facts.ts";
import { notLookedIntoOf } from "../not-looked-into.ts";
import { chatFacts, serverFacts } from "../telegram-facts.ts";
import { tunnelFacts } from "../tunnel-facts.ts";
import { shownEach } from "../values.ts";
import { rightsFacts } from "./cloud-rights.ts";
import { doorFacts } from "./door-facts.ts";
import { isOfGroup } from "./group-doors.ts";
import type { IsOwn } from "./own-names.ts";
import { placeFacts } from "./place-facts.ts";
import type { PreviewStep } from "./preview-step.ts";
import { fixedAddressFacts } from "./public-address.ts";
import { type ResourceChange, type StateInputs, statesOf } from "./resource-changes.ts";
import { factsOfEach, type Whose } from "./whose.ts";

/**
 * Who can reach the machine or the agent: ports, address ranges, tunnels, chats; but for AWS's groups, whose rules are one door.
 *
 * @param isOwn whether what is named is the stack's own
 * @param steps all that the preview shows, resources that stay among them where it has looked
 * @param whose the name of what a fact is of, where there are several of its kind
 */
export function exposureFacts(
  changes: readonly ResourceChange[],
  isOwn: IsOwn,
  steps: readonly PreviewStep[],
  whose: Whose,
): Fact[] {
  return [
    ...changes.filter((one) => /securityGroup|firewall/i.test(one.type) && !isOfGroup(one)).flatMap(doorFacts),
    ...changes.flatMap((change) => placeFacts(change, isOwn)),
    ...changes.flatMap((change) => fixedAddressFacts(change, steps)),
    ...statesOf(changes, /tunnelInstanceIAM(Member|Binding)/i).flatMap(([before, after]) =>
      listFacts("may open IAP tunnels", members(before), members(after)),
    ),
    ...factsOfEach(changes, /:CloudflareTunnel$/, whose, tunnelFacts),
    ...factsOfEach(changes, /:TelegramBridge$/, whose, (before, after) => [
      ...chatFacts(before, after),
      ...serverFacts(before, after),
    ]),
    ...rightsFacts(changes, isOwn, steps),
    ...notLookedIntoOf(changes),
  ];
}

function members(inputs: StateInputs): string[] {
  return shownEach(inputs?.member ?? inputs?.members);
}
