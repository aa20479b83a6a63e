/** Which single characters an edge takes. */
type CharacterSet = (character: string) => boolean;

/** A glob as a machine that reads a text character by character; state 0 is where it starts. */
export interface Automaton {
  readonly edges: readonly (readonly { readonly on: CharacterSet; readonly to: number }[])[];
  /** Steps that read nothing. */
  readonly silent: readonly (readonly number[])[];
  readonly accept: number;
}

/**
 * The automaton of a policy glob, with the meaning that the egress gate gives it: `*` and `?` stay within one segment, `**` as
 * a whole segment spans segments.
 *
 * @param separator `/` in paths, `.` in host names and query values
 * @throws Error that names a class of characters that cannot be read
 */
export function globAutomaton(pattern: string, separator: "/" | "."): Automaton {
  return globOf(pattern, separator, (character) => character !== separator);
}

/**
 * The automata of an endpoint's `path` with the meaning that OpenShell gives it: what is before a last `/**` is taken literally,
 * and elsewhere a wildcard also stands for a slash. A path has to be taken by one of them.
 */
export function endpointPathAutomata(path: string): Automaton[] {
  if (path === "" || path === "**" || path === "/**") return [new Builder().loop(any).done()];
  if (!path.endsWith("/**")) return [globOf(path, "/", any)];
  const folder = path.slice(0, -"/**".length);
  return [literally(folder).done(), literally(`${folder}/`).loop(any).done()];
}

function globOf(pattern: string, separator: "/" | ".", within: CharacterSet): Automaton {
  const made = new Builder();
  if (pattern === "**") return made.loop(any).done();
  const parts = split(pattern, separator).filter((part, index, all) => part !== "**" || all[index - 1] !== "**");
  for (const [index, part] of parts.entries()) {
    if (part === "**") spanning(made, separator, index, index === parts.length - 1);
    else {
      if (index > 0 && parts[index - 1] !== "**") made.read(is(separator));
      segment(made, part, within);
    }
  }
  return made.done();
}

/** An automaton for every text with this one inside. */
export function containing(text: string): Automaton {
  return literally(text, new Builder().loop(any)).loop(any).done();
}

function literally(text: string, made = new Builder()): Builder {
  for (const character of text) made.read(is(character));
  return made;
}

const any: CharacterSet = () => true;
const is = (wanted: string): CharacterSet => Object.assign((character: string) => character === wanted, { wanted });

// Paths and names differ in what `**` may stand for: with `/` also for nothing, with `.` for one label or more.
function spanning(made: Builder, separator: "/" | ".", index: number, last: boolean): void {
  const sep = is(separator);
  if (index === 0) {
    if (separator === "/") made.maybeUpTo(sep);
    else made.loop(any).read(sep);
  } else if (last) {
    made.read(sep).loop(any);
  } else if (separator === "/") {
    made.read(sep).maybeUpTo(sep);
  } else {
    made.read(sep).loop(any).read(sep);
  }
}

function segment(made: Builder, part: string, within: CharacterSet): void {
  for (const token of part.match(/\\.|\[[!^]?\]?[^\]]*\]|\*+|./gsu) ?? []) {
    if (token.startsWith("*")) made.loop(within);
    else if (token === "?") made.read(within);
    else if (token.startsWith("[")) made.read(characterClass(token));
    else
      for (const unit of (token.length > 1 && token.startsWith("\\") ? token.slice(1) : token).split(""))
        made.read(is(unit));
  }
}

function characterClass(token: string): CharacterSet {
  const body = /^\[([!^]?)(.+)\]$/s.exec(token);
  if (!body) throw new Error(`${token} is a class that is not closed`);
  const inside = (body[2] ?? "").replace(/[\\\]^[]/g, "\\$&");
  let expression: RegExp;
  try {
    expression = new RegExp(`^[${body[1] ? "^" : ""}${inside}]$`, "s");
  } catch {
    throw new Error(`${token} is a class that cannot be read`);
  }
  return (character) => expression.test(character);
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

class Builder {
  readonly #edges: { on: CharacterSet; to: number }[][] = [[]];
  readonly #silent: number[][] = [[]];
  #end = 0;

  read(on: CharacterSet): this {
    const to = this.#state();
    this.#edges[this.#end]?.push({ on, to });
    this.#end = to;
    return this;
  }

  loop(on: CharacterSet): this {
    const to = this.#state();
    this.#silent[this.#end]?.push(to);
    this.#edges[to]?.push({ on, to });
    this.#end = to;
    return this;
  }

  /** Nothing, or anything that ends in a separator. */
  maybeUpTo(separator: CharacterSet): this {
    const from = this.#end;
    this.loop(any).read(separator);
    this.#silent[from]?.push(this.#end);
    return this;
  }

  done(): Automaton {
    return { edges: this.#edges, silent: this.#silent, accept: this.#end };
  }

  #state(): number {
    this.#edges.push([]);
    this.#silent.push([]);
    return this.#edges.length - 1;
  }
}
