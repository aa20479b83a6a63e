import { z } from "zod";

/** Why a risk is taken. Spaces are no reason. */
export const reason = z.string().trim().min(1);
