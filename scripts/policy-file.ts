import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { z } from "zod";
import { ReviewError } from "../review/review-error.ts";
import { cloneFolder, stackFile } from "./clone-paths.ts";

/** A stack's own policy file, to be written to. */
export interface PolicyFile {
  /** From the project's folder, as the stack file names it. */
  readonly named: string;
  readonly path: string;
  /** Empty where there is no such file yet. */
  readonly text: string;
  /** The presets beside it. */
  readonly presets: readonly string[];
  /** The stack file names no policy file yet; {@link save} makes it do so. */
  readonly isNew: boolean;
  /** Keeps a new text of it. */
  readonly save: (text: string) => void;
}

const stackSchema = z.looseObject({
  config: z
    .looseObject({
      "nemoclaw:policy": z
        .looseObject({ file: z.string().optional(), presets: z.array(z.string()).default([]) })
        .prefault({}),
    })
    .prefault({}),
});

/**
 * Finds a stack's own policy file, or settles where it will be.
 *
 * @throws ReviewError when this clone has no configuration of the stack
 */
export function policyFileOf(stack: string): PolicyFile {
  const file = stackFile(stack);
  if (!existsSync(file)) throw new ReviewError(`there is no ${file} to adopt into`);
  const document = parseDocument(readFileSync(file, "utf8"));
  const { presets, file: known } = stackSchema.parse(document.toJS()).config["nemoclaw:policy"];
  const named = known ?? `policies/${stack}.yaml`;
  const path = join(cloneFolder, named);
  return {
    named,
    path,
    text: existsSync(path) ? readFileSync(path, "utf8") : "",
    presets,
    isNew: known === undefined,
    save(text) {
      writeFileSync(path, text);
      if (known !== undefined) return;
      document.setIn(["config", "nemoclaw:policy", "file"], named);
      writeFileSync(file, document.toString({ lineWidth: 0 }));
    },
  };
}
