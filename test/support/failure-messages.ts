/** The messages of the resources that failed in an engine's output, also within a script's, each with all its lines. */
export function failureMessages(output: string): string[] {
  const found = output.matchAll(/^( +)error: (nemoclaw:\S+ \S+: .*(?:\n\1 {2,}.*)*)/gm);
  return [...found].map(([, , message = ""]) => message);
}
