import type { Command } from "../command.ts";
import type { Step } from "../step.ts";
import type { FileFacts } from "./file-facts.ts";
import { ensureAbsent } from "./file-removal.ts";
import { ensureFile } from "./managed-file.ts";

/** Further authorities our own downloads trust; nothing else on the machine does. */
export const authoritiesPath = "/etc/nemoclaw/ca.pem";

/** The PEM bundle of a site's own mirror, kept for the downloads of later runs; without one no file of an earlier one. */
export function ensureAuthorities({ ca }: { readonly ca?: string }): Step<FileFacts> {
  if (ca === undefined) return ensureAbsent({ path: authoritiesPath });
  return ensureFile({ path: authoritiesPath, content: ca.endsWith("\n") ? ca : `${ca}\n` });
}

/**
 * Shell that sets `$bundle` to a file with the machine's authorities and ours, in a folder `$t` that the script removes.
 * A program takes one bundle, and one that replaced the machine's own would refuse everything else.
 */
export const trustBundle = `bundle="$t/ca.pem"
cat /etc/ssl/certs/ca-certificates.crt ${authoritiesPath} >"$bundle" 2>/dev/null || :`;

/** What to try when a download fails. */
export const downloadHint: NonNullable<Command["try"]> =
  "check that the machine reaches this address, or name one it reaches under `nemoclaw:mirrors` (with `ca`, where a site signs its certificates itself); then run the same again";
