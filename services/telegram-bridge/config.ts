import { z } from "zod";

const seconds = z.number().positive().max(3600);

/**
 * What `/etc/nemoclaw/<sandbox>/bridge.json` holds. A bridge without chats would answer nobody, or, read carelessly,
 * everybody, so an empty list is refused.
 */
export const bridgeConfigSchema = z.strictObject({
  /** The only chats that are answered. Groups have negative numbers. */
  chats: z.array(z.int()).min(1, "at least one chat must be listed: the bridge answers nobody else"),
  /** How one turn is run; the word part `{session}` becomes the session key. The message goes to standard input. */
  turn: z.strictObject({ argv: z.array(z.string()).min(1) }),
  /** Base URL of the Bot API. Default: Telegram's own. */
  apiRoot: z
    .url({ protocol: /^https?$/ })
    .transform((url) => url.replace(/\/+$/, ""))
    .optional(),
  /** Longer than the minutes a failing model route may take before it says so. */
  turnTimeoutSeconds: seconds.default(300),
  /** Waits between tries: the first after a fault, doubled up to `most`; `conflict` when another program has the bot. */
  retrySeconds: z
    .strictObject({ first: seconds.default(1), most: seconds.default(60), conflict: seconds.default(20) })
    .prefault({}),
});

export type BridgeConfig = z.infer<typeof bridgeConfigSchema>;

/**
 * Reads the text of a configuration file.
 *
 * @throws Error that lists every fault with its path, and never quotes a value
 */
export function parseConfig(text: string): BridgeConfig {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error("is not JSON");
  }
  const parsed = bridgeConfigSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(
    parsed.error.issues.map((issue) => `${issue.path.join(".") || "(top)"}: ${issue.message}`).join("; "),
  );
}
