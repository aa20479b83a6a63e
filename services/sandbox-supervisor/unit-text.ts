// What the units have in common.
export { hardened } from "../hardened.ts";

/** Journal namespace of a sandbox's units: `journalctl --namespace=nemoclaw-main`. */
export function journalNamespace(sandbox: string): string {
  return `nemoclaw-${checked(sandbox)}`;
}

/** Text of `/etc/systemd/journald@<namespace>.conf`; `size` as systemd writes it: `256M`. */
export function journalSettings(size: string): string {
  return `[Journal]
Storage=persistent
SystemMaxUse=${word(size)}
RuntimeMaxUse=${word(size)}
RateLimitIntervalSec=30s
RateLimitBurst=10000
ForwardToSyslog=no
ForwardToWall=no
`;
}

/**
 * Puts links to a service's files where others look for them. Each service owns a folder of its own, because only a folder's owner
 * can put files into it safely; the links are in a folder that is root's.
 */
export function links(pairs: readonly (readonly [target: string, link: string])[]): string {
  return [
    // Whoever is first makes it, whatever its umask: others go through it.
    "ExecStartPre=+/bin/mkdir -p -m 0755 /run/nemoclaw",
    ...pairs.map(([target, link]) => `ExecStartPre=+/bin/ln -sfn ${target} /run/nemoclaw/${link}`),
    `ExecStopPost=+/bin/rm -f ${pairs.map(([, link]) => `/run/nemoclaw/${link}`).join(" ")}`,
  ].join("\n");
}

/** Sends a unit's log to the sandbox's own journal. */
export function journal(sandbox: string): string {
  return `LogNamespace=${journalNamespace(sandbox)}\nLogRateLimitIntervalSec=30s\nLogRateLimitBurst=10000`;
}

/** @throws when a text is no sandbox's name */
export function checked(sandbox: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,39}$/.test(sandbox)) return sandbox;
  throw new Error(`not a sandbox's name: ${JSON.stringify(sandbox)}`);
}

/**
 * One word of a unit file.
 *
 * @throws when systemd would split, expand or unquote it
 */
export function word(text: string): string {
  if (/^[A-Za-z0-9_@+=:,./-]+$/.test(text)) return text;
  throw new Error(`not a plain word for a unit file: ${JSON.stringify(text)}`);
}

/**
 * One word of a unit file, of any characters, in systemd's quotes: for `ExecStart` and, without its dollars, `Environment`.
 *
 * @throws when it has characters that no line can hold
 */
export function quoted(text: string, { dollars = true }: { readonly dollars?: boolean } = {}): string {
  if (/\p{Cc}/u.test(text)) throw new Error(`not a word for a unit file: ${JSON.stringify(text)}`);
  const escaped = text.replaceAll(/[\\"]/g, "\\$&").replaceAll("%", "%%");
  return `"${dollars ? escaped.replaceAll("$", "$$$$") : escaped}"`;
}
