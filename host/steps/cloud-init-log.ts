/**
 * Takes what looks like a secret out of a log that we did not write: private keys, and values after words such as `token`.
 * Our own secrets are known and taken out by value; those of an image or of a site's own user data are not.
 */
export function hideSecrets(text: string): string {
  return text
    .replaceAll(/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z0-9 ]*PRIVATE KEY-----|$)/g, "[redacted]")
    .replaceAll(
      /\b((?:[\w-]*(?:password|passwd|token|secret|api[_-]?key))["']?\s*[=:]\s*)(?:"[^"]*"|'[^']*'|\S+)/gi,
      "$1[redacted]",
    )
    .replaceAll(/(\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}/gi, "$1[redacted]")
    .replaceAll(/(:\/\/[^/\s:@]*:)[^/\s@]+@/g, "$1[redacted]@");
}
