import { type Document, isAlias, isScalar, parseDocument, visit } from "yaml";
import { EngineError } from "./errors.ts";
import { refuseOtherLineEnds } from "./line-ends.ts";

/**
 * Reads a file of YAML that the Pulumi CLI reads, too.
 *
 * @throws EngineError where it is no YAML, or the CLI reads it otherwise, whatever version it names: by YAML 1.1, `<<` takes over a mapping, 0777
 * is octal, and a date is a time of that day; and `yes` is a text
 */
export function readYaml(text: string, path: string): Document {
  refuseOtherLineEnds(text, path);
  const document = parseDocument(text);
  const [fault] = document.errors;
  if (fault) throw new EngineError(`${path} is not YAML: ${fault.message}`);
  if (document.directives?.yaml.explicit)
    throw new EngineError(
      `${path} has a line %YAML: Pulumi reads the file as it does without that, or not at all, others by the version that it names; leave it out`,
    );
  visit(document, {
    Pair: (_, { key }) => {
      if (isMerge(isAlias(key) ? key.resolve(document) : key))
        throw new EngineError(
          `${path} has "<<" for a key: Pulumi takes what stands under it as if it stood beside it, others as a key of that name; write what is meant in that place`,
        );
    },
    Scalar: (_, { value, source = "", type, tag }) => {
      if (typeof value === "number" && /^[-+]?0\d/.test(source))
        throw new EngineError(
          `${path} has ${source}: Pulumi reads it as octal, others as ${value}; write the one that is meant without the zero, or "${source}" for a text`,
        );
      if (value instanceof Date || (type === "PLAIN" && tag === undefined && time.test(source)))
        throw new EngineError(`${path} has ${source}: Pulumi reads it as a time, others as a text; write "${source}"`);
    },
  });
  return document;
}

// To Pulumi it is one in quotes, in another's place and in base64 as well.
function isMerge(key: unknown): boolean {
  return isScalar(key) && [String(key.value), key.source].includes("<<");
}

// What only begins with a date is a text to Pulumi, too.
const time = /^\d{4}-\d\d?-\d\d?([Tt]\d\d?:\d\d?:\d\d?(\.\d+)?(Z|[+-]\d\d:\d\d)| +\d\d?:\d\d?:\d\d?(\.\d+)?)?$/;
