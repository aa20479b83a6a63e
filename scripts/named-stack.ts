/** The commands that take a stack as an argument of their own: `stack init prod`. */
const takesStack = [["stack", "init"], ["stack", "rm"], ["stack", "select"], ["cancel"]] as const;

/** Options of those commands, and of all, whose value is the next word. */
const takesValue = new Set([
  ...["--copy-config-from", "--secrets-provider", "--teams", "--config-file"],
  ...["--color", "--cwd", "-C", "--verbose", "-v", "--profiling", "--tracing", "--memprofilerate"],
]);

/**
 * The stack that the words of a Pulumi command name, by option or as the argument of a command that takes one.
 *
 * @example
 * namedStack(["up", "-s", "prod"]); // "prod"
 * namedStack(["stack", "init", "--secrets-provider", "passphrase", "prod"]); // "prod"
 */
export function namedStack(words: readonly string[]): string | undefined {
  return byOption(words) ?? byArgument(words);
}

function byOption(words: readonly string[]): string | undefined {
  for (const [index, word] of words.entries()) {
    if (word === "--") return undefined;
    if (word === "-s" || word === "--stack") return words[index + 1];
    const joined = /^(?:--stack=|-s=?)(.+)$/.exec(word);
    if (joined) return joined[1];
  }
  return undefined;
}

function byArgument(words: readonly string[]): string | undefined {
  const command = takesStack.find((each) => each.every((word, index) => words[index] === word));
  if (!command) return undefined;
  const rest = words.slice(command.length);
  return rest.find((word, index) => !word.startsWith("-") && !takesValue.has(rest[index - 1] ?? ""));
}
