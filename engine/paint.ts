/** Colours a text, or leaves it alone. */
export type Paint = (colour: "green" | "yellow" | "red" | "magenta" | "dim" | "bold", text: string) => string;

const codes = { green: 32, yellow: 33, red: 31, magenta: 35, dim: 2, bold: 1 };

/** Colours only for a terminal, and not for one who set `NO_COLOR`. */
export function paintFor(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): Paint {
  if (!stream.isTTY || env.NO_COLOR) return (_colour, text) => text;
  return (colour, text) => `\u001b[${codes[colour]}m${text}\u001b[0m`;
}
