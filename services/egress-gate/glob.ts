/**
 * The regular expression of a policy glob, with OpenShell's meaning: `*` and `?` stay within one segment, `**` as a whole
 * segment spans segments, `[0-9]` and `[!0]` are classes, `\` takes the next character literally.
 *
 * @param separator what parts segments: `/` in paths, `.` in host names and query values. With `/`, a `**` in front or in the
 *   middle may stand for nothing; with `.` it stands for one label or more.
 * @throws Error naming the glob, when a class is not closed or braces are used
 * @example glob("/repos/*", "/").test("/repos/a/b") // false
 */
export function glob(pattern: string, separator: "/" | "."): RegExp {
  if (pattern === "**") return /^.*$/s;
  return new RegExp(`^${segments(pattern, separator)}$`, "s");
}

function segments(pattern: string, separator: "/" | "."): string {
  const sep = separator === "/" ? "/" : "\\.";
  const parts = collapse(split(pattern, separator));
  const last = parts.length - 1;
  let out = "";
  for (const [index, part] of parts.entries()) {
    const separated = index > 0 && parts[index - 1] !== "**";
    if (part !== "**") {
      out += `${separated ? sep : ""}${segment(part, pattern, separator)}`;
    } else if (index === 0) {
      out += separator === "/" ? "(?:/?|.*/)" : `.*${sep}`;
    } else if (index === last) {
      out += `${sep}.*`;
    } else {
      out += separator === "/" ? "(?:/|/.*/)" : `${sep}.*${sep}`;
    }
  }
  return out;
}

// A separator inside a class or after a backslash is an ordinary character.
function split(pattern: string, separator: string): string[] {
  const parts = [""];
  for (const token of pattern.match(/\\.|\[[!^]?\]?[^\]]*\]|./gsu) ?? []) {
    if (token === separator) parts.push("");
    else parts[parts.length - 1] += token;
  }
  return parts;
}

// `a/**/**/b` means what `a/**/b` means.
function collapse(parts: readonly string[]): string[] {
  return parts.filter((part, index) => part !== "**" || parts[index - 1] !== "**");
}

function segment(part: string, pattern: string, separator: "/" | "."): string {
  const within = separator === "/" ? "[^/]" : "[^.]";
  let out = "";
  for (const token of part.match(/\\.|\[[!^]?\]?[^\]]*\]|\*+|./gsu) ?? []) {
    if (token.startsWith("*")) out += `${within}*`;
    else if (token === "?") out += within;
    else if (token.startsWith("[")) out += characters(token, pattern);
    else if (token === "{" || token === "}") throw new Error(`glob ${JSON.stringify(pattern)} has braces`);
    else out += literal(token.length > 1 && token.startsWith("\\") ? token.slice(1) : token);
  }
  return out;
}

function characters(token: string, pattern: string): string {
  const body = /^\[([!^]?)(.+)\]$/s.exec(token);
  if (!body) throw new Error(`glob ${JSON.stringify(pattern)} has a class that is not closed`);
  const inside = (body[2] ?? "").replace(/[\\\]^[]/g, "\\$&");
  try {
    return new RegExp(`[${body[1] ? "^" : ""}${inside}]`).source;
  } catch {
    throw new Error(`glob ${JSON.stringify(pattern)} has a class that cannot be read: ${token}`);
  }
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
}
