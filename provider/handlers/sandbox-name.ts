import { z } from "zod";

/** A sandbox's name is part of unit names, paths and sockets on its machine. */
export const sandboxName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,30}$/, "small letters, digits and dashes, at most 31, a letter first");
