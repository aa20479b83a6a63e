import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** Where requests go and in whose name, as one snapshot: a request keeps the one it started with. */
export interface Settings {
  /** An OpenAI-compatible API, up to and with its `/v1`. */
  readonly baseUrl: URL;
  readonly model: string;
  /** How long the upstream may stay silent. */
  readonly timeoutSeconds: number;
  /** Sent as a bearer token; some upstreams need none. */
  readonly key?: string;
  /** sha256 of the configuration file's bytes. */
  readonly sha256: string;
}

const fileSchema = z.strictObject({
  baseUrl: z.url({ protocol: /^https?$/ }).refine((text) => {
    const url = new URL(text);
    return url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  }, "a base URL has no user, query or fragment"),
  model: z.string().min(1),
  timeoutSeconds: z.int().min(1).max(3600).default(300),
});

/**
 * Reads the configuration file, and the key that systemd put into `$CREDENTIALS_DIRECTORY/inference-key`, if any.
 *
 * @throws Error saying what is wrong; never with the key in it
 */
export function readSettings(path: string, credentials: string | undefined): Settings {
  const bytes = readFileSync(path);
  const parsed = fileSchema.safeParse(JSON.parse(bytes.toString("utf8")));
  if (!parsed.success) {
    throw new Error(parsed.error.issues.map((issue) => `${issue.path.join(".") || path}: ${issue.message}`).join("\n"));
  }
  const { baseUrl, ...rest } = parsed.data;
  const key = readKey(credentials);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return {
    ...rest,
    baseUrl: new URL(`${baseUrl.replace(/\/+$/, "")}/`),
    sha256,
    ...(key === undefined ? {} : { key }),
  };
}

function readKey(credentials: string | undefined): string | undefined {
  const path = credentials === undefined ? undefined : join(credentials, "inference-key");
  if (path === undefined || !existsSync(path)) return undefined;
  const key = readFileSync(path, "utf8").trim();
  if (key === "") return undefined;
  if (!/^[\x21-\x7e]+$/.test(key)) throw new Error("the inference key has a character that no HTTP header can carry");
  return key;
}
