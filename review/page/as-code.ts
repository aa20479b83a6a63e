/** A text that is shown as code in a cell. Its own backticks are doubled, so that none of them ends it or is lost. */
export function asCode(text: string): string {
  return `\`${text.replaceAll("`", "``")}\``;
}

/** Parts a cell's text at its backticks: what {@link asCode} made is code. */
export function pieces(text: string): { readonly code: boolean; readonly text: string }[] {
  const found = [...text.matchAll(/`((?:[^`]|``)*)(?:`|$)|[^`]+/g)];
  return found
    .map(([whole, code]) =>
      code === undefined ? { code: false, text: whole } : { code: true, text: code.replaceAll("``", "`") },
    )
    .filter(({ text: piece }) => piece !== "");
}
