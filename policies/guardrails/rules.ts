import { encryptedDisks } from "./encrypted-disks.ts";
import type { Declared, Guardrail, Violation } from "./guardrail.ts";
import { hostKey } from "./host-key.ts";
import { instanceMetadata } from "./instance-metadata.ts";
import { noOpenSsh } from "./no-open-ssh.ts";
import { noWildcardEgress } from "./no-wildcard-egress.ts";
import { pinned } from "./pinned.ts";
import { protectedData } from "./protected-data.ts";
import { oneBotPerToken, telegramChats } from "./telegram.ts";
import { tunnelAccess } from "./tunnel-access.ts";

/** Every guardrail. The configuration reader, the machine components and the policy pack all ask these. */
export const guardrails: readonly Guardrail[] = [
  noOpenSsh,
  instanceMetadata,
  encryptedDisks,
  hostKey,
  telegramChats,
  oneBotPerToken,
  noWildcardEgress,
  pinned,
  tunnelAccess,
  protectedData,
];

/** What breaks which guardrail. */
export function broken(stack: readonly Declared[]): { readonly guardrail: Guardrail; readonly violation: Violation }[] {
  return guardrails.flatMap((guardrail) => guardrail.check(stack).map((violation) => ({ guardrail, violation })));
}

/** One violation as people read it: what, why, and how to do it knowingly. */
export function explain(guardrail: Guardrail, { resource, path, message }: Violation): string {
  return `${resource}  ${path}\n  ${message}\n  rule      ${guardrail.name}: ${guardrail.rule}\n  because   ${guardrail.reason}\n  way out   ${guardrail.wayOut}`;
}
