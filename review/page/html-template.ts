import { visible } from "./visible.ts";

/** Text that is HTML already and is not escaped again. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** HTML with everything put into it escaped and made visible, but what is {@link Html} already; lists are put in one after the other. */
export function html(parts: TemplateStringsArray, ...values: readonly unknown[]): Html {
  return new Html(parts.map((part, index) => part + (index < values.length ? inserted(values[index]) : "")).join(""));
}

function inserted(value: unknown): string {
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(inserted).join("");
  if (value === undefined || value === null || value === false) return "";
  return escaped(visible(String(value))).text;
}

/** Text that is visible already, escaped. */
export function escaped(text: string): Html {
  return new Html(text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`));
}
