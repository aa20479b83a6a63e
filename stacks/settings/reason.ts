import { z } from "zod";

/** Why a risk is taken. Spaces are no reason, and neither are signs: a cloud's label has letters and digits alone. */
export const reason = z
  .string()
  .trim()
  .min(1)
  .superRefine((value, context) => {
    if (value === "" || /[\p{L}\p{N}]/u.test(value)) return;
    const message = `${JSON.stringify(value)} has no word in it`;
    context.addIssue({ code: "custom", message, params: { instead: "why, in a few words" } });
  });
