import { z } from "zod";
import { shaped } from "./cloud/settings.ts";

const key = shaped(
  /^[a-z][a-z0-9_-]{0,62}$/,
  "a label's key: a small letter, then up to 62 small letters, digits, _ and -",
  (text) => plain(text).replace(/^[^a-z]+/, "") || "team",
);

const value = shaped(/^[a-z0-9_-]{0,63}$/, "a label's value: up to 63 small letters, digits, _ and -", plain);

/** Labels as Google takes them. */
export const gcpLabels = z.record(key, value);

function plain(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, "-")
    .slice(0, 63);
}
