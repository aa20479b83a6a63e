import { type Document, isAlias, isScalar, parseDocument, visit } from "yaml";
import { ReviewError } from "../review-error.ts";
import { refuseOtherLineEnds } from "./line-ends.ts";
import { notYaml } from "./not-yaml.ts";

/**
 * What a file of YAML says that Pulumi reads itself.
 *
 * @param name how to name the file in errors
 * @throws ReviewError where it is no YAML, or Pulumi reads it otherwise than a reviewer would
 */
export function asPulumiReads(text: string, name: string): unknown {
  refuseOtherLineEnds(text, name);
  const document = parseDocument(text);
  const [fault] = document.errors;
  if (fault) throw notYaml(name, fault);
  refuseTwofold(document, name);
  try {
    return document.toJS();
  } catch (error) {
    throw notYaml(name, error as Error);
  }
}

/** Whatever version a file names: by YAML 1.1, `<<` takes over a mapping, 0777 is octal, and a date is a time of that day; and `yes` is a text. */
function refuseTwofold(document: Document, name: string): void {
  if (document.directives?.yaml.explicit)
    throw new ReviewError(
      `${name} has a line %YAML: Pulumi reads the file as it does without that, or not at all, others by the version that it names`,
      "the file without that line",
    );
  visit(document, {
    Pair: (_, { key }) => {
      if (isMerge(isAlias(key) ? key.resolve(document) : key))
        throw new ReviewError(
          `${name} has "<<" for a key: Pulumi takes what stands under it as if it stood beside it, others as a key of that name`,
          "what is meant, written out in that place",
        );
    },
    Scalar: (_, { value, source = "", type, tag }) => {
      if (typeof value === "number" && /^[-+]?0\d/.test(source))
        throw new ReviewError(
          `${name} has ${source}: Pulumi reads it as octal, others as ${value}`,
          `the one that is meant without the zero, or "${source}" for a text`,
        );
      const date = value instanceof Date || (type === "PLAIN" && tag === undefined && time.test(source));
      if (date)
        throw new ReviewError(`${name} has ${source}: Pulumi reads it as a time, others as a text`, `"${source}"`);
    },
  });
}

// To Pulumi it is one in quotes, in another's place and in base64 as well.
function isMerge(key: unknown): boolean {
  return isScalar(key) && [String(key.value), key.source].includes("<<");
}

// What only begins with a date is a text to Pulumi, too.
const time = /^\d{4}-\d\d?-\d\d?([Tt]\d\d?:\d\d?:\d\d?(\.\d+)?(Z|[+-]\d\d:\d\d)| +\d\d?:\d\d?:\d\d?(\.\d+)?)?$/;
