import type { Command } from "../../command.ts";
import type { Question } from "../../question.ts";
import type { Step } from "../../step.ts";
import { sha256 } from "../../steps/file-facts.ts";
import { users } from "../embedded/paths.ts";
import type { Mirrors } from "../runtime.ts";
import { type ImageThere, inspectImage, readThere } from "./inspect-image.ts";
import { inside } from "./paths.ts";
import { ensurePinnedImage, type PinnedImage, type PinnedImageFacts } from "./pinned-image.ts";

/**
 * What a sandbox is made from. Its user has the numbers that the workspace's owner has on the machine, and its working
 * directory is not the workspace.
 */
export interface SandboxImage {
  /** As Docker on the machine knows it. */
  readonly name: string;
  /** Short name of all that it is made from, but for those numbers; undefined when that is not known. */
  readonly recipe: string | undefined;
  readonly make: Command;
  /** What it is made from, where that is an image too. */
  readonly base?: PinnedImage;
}

/** The short name of what an image is made from, and of whom it trusts. */
export function recipeOf(content: unknown, { ca }: Pick<Mirrors, "ca">): string {
  return sha256(JSON.stringify([content, inside, 1, ...(ca === undefined ? [] : [sha256(ca)])])).slice(0, 12);
}

export interface MadeFacts {
  readonly there: ImageThere;
  /** What it says it was made from: recipe, user and group number. */
  readonly made: string;
  /** The numbers that the workspace's owner has on this machine. */
  readonly owner: string;
}

export interface SandboxImageFacts {
  readonly image: MadeFacts;
  readonly base?: PinnedImageFacts;
}

function madeFacts(name: string): Question<MadeFacts> {
  return {
    script: `${inspectImage(name, '{{index .Config.Labels "nemoclaw.recipe"}}')}
echo "$seen"
echo "$(id -u ${users.sandbox} 2>/dev/null)-$(id -g ${users.sandbox} 2>/dev/null)"`,
    parse({ stdout }) {
      const [there, made = "", owner = ""] = stdout.split("\n");
      return { there: readThere(there), made, owner };
    },
  };
}

/** Whether an image is the one that would be made now. */
export function isAsMade({ made, owner }: MadeFacts, { recipe }: SandboxImage): boolean {
  return recipe !== undefined && made === `${recipe}-${owner}` && owner !== "-";
}

/** The image, made where it is not as it would be made now; only then what it is made from is needed. */
export function ensureSandboxImage(image: SandboxImage): Step<SandboxImageFacts> {
  const base = image.base && ensurePinnedImage(image.base);
  return {
    name: `image ${image.name}`,
    facts: { image: madeFacts(image.name), ...(base && { base: base.facts }) },
    plan(now) {
      if (isAsMade(now.image, image)) return [];
      return [...(base && now.base ? base.plan(now.base) : []), image.make];
    },
  };
}
