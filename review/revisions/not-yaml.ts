import { ReviewError } from "../review-error.ts";

/** That a file is no YAML, by the parser's first line alone: what follows is a piece of the file, and that may be a secret. */
export function notYaml(name: string, { message }: Error): ReviewError {
  return new ReviewError(`${name} is not YAML: ${message.replace(/:?\n[\s\S]*/, "")}`);
}
