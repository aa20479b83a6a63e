import { isLocal } from "./local-backend.ts";

/** What to do about an engine that could not open a stack's secrets, by what it said; undefined where it failed for something else. */
export function passphraseHint(stack: string, said: string): string | undefined {
  if (!/incorrect passphrase|passphrase must be set|need its passphrase|PULUMI_CONFIG_PASSPHRASE/.test(said))
    return undefined;
  // The environment's counts for none that lives in the clone.
  if (isLocal(stack)) return "put back the file .nemoclaw/passphrase of this clone as it was when the stack was made";
  return "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the stack's own";
}
