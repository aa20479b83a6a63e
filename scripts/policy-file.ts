import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Document } from "yaml";
import { z } from "zod";
import { editedYaml } from "../review/drift/edited-yaml.ts";
import { ReviewError } from "../review/review-error.ts";
import { readStackFile } from "../review/revisions/stack-file.ts";
import { placeOfSetting } from "../review/revisions/written-setting.ts";
import { cloneFolder, ownName, stackFile } from "./clone-paths.ts";

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
  /** The text of the stack file, which names it. */
  readonly stackText: string;
  /** Makes its folder where there is none. @throws ReviewError where it could not be saved */
  readonly makeSavable: () => void;
  /** Keeps a new text of it. */
  readonly save: (text: string) => void;
}

const policySetting = z
  .looseObject({ file: z.string().optional(), presets: z.array(z.string()).default([]) })
  .prefault({});

/**
 * Finds a stack's own policy file, or settles where it will be.
 *
 * @throws ReviewError when this clone has no configuration of the stack, or one that cannot be read, or a file lies in the place of a
 *   new one
 */
export function policyFileOf(stack: string): PolicyFile {
  const file = stackFile(stack);
  if (!existsSync(file)) throw new ReviewError(`there is no ${file} to adopt into`);
  const written = readFileSync(file, "utf8");
  const setting = policySetting.safeParse(readStackFile(written, file).settings.policy ?? {});
  if (!setting.success) throw new ReviewError(`${file} has a nemoclaw:policy that is none`, "scripts/doctor");
  const { presets, file: known } = setting.data;
  const named = known ?? `policies/${ownName(stack)}.yaml`;
  const path = resolve(cloneFolder, named);
  // What else is in it would come into force with the first thing that is written there.
  if (known === undefined && existsSync(path))
    throw new ReviewError(
      `${path} is there, and ${file} does not name it, so what is in it is not in force`,
      `look through it, then name it as file: ${named} in nemoclaw:policy; or move it away`,
    );
  const naming = (document: Document) => document.setIn([...placeOfSetting(document, "policy"), "file"], named);
  const stackText = known === undefined ? editedYaml(written, file, naming) : written;
  return {
    named,
    path,
    text: existsSync(path) ? readFileSync(path, "utf8") : "",
    presets,
    isNew: known === undefined,
    stackText,
    makeSavable: () => makeSavable(path, known === undefined ? [file] : []),
    save(text) {
      makeSavable(path);
      writeFileSync(path, text);
      if (known === undefined) writeFileSync(file, stackText);
    },
  };
}

function makeSavable(path: string, others: readonly string[] = []): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    for (const one of [existsSync(path) ? path : dirname(path), ...others]) accessSync(one, constants.W_OK);
  } catch (error) {
    throw new ReviewError(`${path} cannot be written: ${(error as Error).message}`, "whether its folder is yours");
  }
}
