import type { Step } from "../../step.ts";
import type { FileFacts } from "../../steps/file-facts.ts";
import { ensureFile } from "../../steps/managed-file.ts";
import type { Box } from "./box.ts";
import { creation, deletion } from "./box-commands.ts";
import { ownerPattern, recipeLabel } from "./box-owner.ts";
import { openshell } from "./cli.ts";
import { paths } from "./paths.ts";
import { alivePhases } from "./phase.ts";

/**
 * A script beside a sandbox that makes it as this box has it. OpenShell keeps nothing of a sandbox that was deleted, so this is
 * what an upgrade is switched back by.
 */
export function ensureMaker(box: Box): Step<FileFacts> {
  const path = paths.maker(box.spec.sandbox);
  return {
    ...ensureFile({ path, content: makerText(box), mode: 0o700 }),
    kept: { paths: [path], makers: [path], units: [] },
  };
}

/** Somebody else's sandbox of this name is left alone, and then ours cannot be made. */
function makerText(box: Box): string {
  const { sandbox, owner } = box.spec;
  return `# Makes OpenShell's sandbox ${sandbox} as it was made last. Written by nemoclaw; changes here are overwritten.
set -eu
if said=$(${openshell("sandbox", "get", sandbox, "-o", "json")} 2>&1); then
  echo "$said" | grep -q '${ownerPattern(owner)}' || { echo "this machine's OpenShell has a sandbox ${sandbox} that is not ours; it was not touched"; exit 1; }
  if echo "$said" | grep -q '"${recipeLabel}": *"${box.recipe}"' && echo "$said" | grep -qE '"phase": *"(${alivePhases.join("|")})"'; then exit 0; fi
${deletion(sandbox).script}
else
  echo "$said" | grep -q 'sandbox not found' || { echo "$said"; exit 1; }
fi
${creation(box).script}
`;
}
