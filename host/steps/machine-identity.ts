import { type Command, quote } from "../command.ts";
import type { Question } from "../question.ts";
import { Sensitive } from "../sensitive.ts";
import type { Step } from "../step.ts";
import type { FileFacts } from "./file-facts.ts";
import { ensureFile } from "./managed-file.ts";

/** The key a machine is to prove itself with from now on. */
export interface HostKey {
  /** `ssh-ed25519 AAAA…`, with or without a comment. */
  readonly publicKey: string;
  /** OpenSSH format. */
  readonly privateKey: string;
}

export interface MachineIdentityFacts {
  readonly key: FileFacts;
  readonly publicKey: FileFacts;
  readonly dropIn: FileFacts;
  /** The host key files sshd takes by its configuration as it is now, whether or not it has read it yet. */
  readonly configured: readonly string[];
  /** The public key that sshd was last told to read its configuration for. */
  readonly applied: string;
}

export const hostKeyPath = "/etc/ssh/nemoclaw_host_key";
/** Read before the drop-ins of cloud images, as sshd takes the first value of most settings. */
export const hostKeyDropIn = "/etc/ssh/sshd_config.d/00-nemoclaw-host-key.conf";
// Not in /var/lib/nemoclaw, which the data disk covers once the first boot is over, and which goes on to the next machine.
const appliedPath = `${hostKeyPath}.applied`;

/**
 * Makes this key the only one that sshd has. Each command leaves a machine that answers, with the old key or with the new
 * one, so that the run may die between any two of them. Open connections are not touched.
 *
 * @example
 * await ensure(host, ensureMachineIdentity(finalKey));
 */
export function ensureMachineIdentity(hostKey: HostKey): Step<MachineIdentityFacts> {
  const bare = bareKey(hostKey.publicKey);
  const key = ensureFile({ path: hostKeyPath, content: privateFile(hostKey), mode: 0o600 });
  const publicKey = ensureFile({ path: `${hostKeyPath}.pub`, content: `${bare}\n` });
  const dropIn = ensureFile({ path: hostKeyDropIn, content: dropInText });
  return {
    name: "host key",
    facts: { key: key.facts, publicKey: publicKey.facts, dropIn: dropIn.facts, configured, applied },
    plan(now) {
      const files = [...key.plan(now.key), ...publicKey.plan(now.publicKey)];
      const place = dropIn.plan(now.dropIn).length > 0;
      const sole = now.configured.length === 1 && now.configured[0] === hostKeyPath;
      const stale = files.length > 0 || place || !sole || now.applied !== bare;
      return [...files, ...(place || !sole ? [useOnlyThisKey] : []), ...(stale ? [reload(bare)] : [])];
    },
  };
}

/** Type and key without the comment, which nobody signs. */
export function bareKey(publicKey: string): string {
  return publicKey.trim().split(/\s+/).slice(0, 2).join(" ");
}

function privateFile({ privateKey }: HostKey): Sensitive {
  return new Sensitive(`${privateKey.trimEnd()}\n`);
}

const dropInText = `# The key that this machine's stack made for it; user data never held it.
HostKey ${hostKeyPath}
`;

const configured: Question<readonly string[]> = {
  script: "sshd -T | sed -n 's/^hostkey //p'",
  parse: ({ stdout }) => stdout.split("\n").filter(Boolean),
};

const applied: Question<string> = { script: `cat ${appliedPath}`, parse: ({ stdout }) => stdout.trim() };

const hint = "on the machine: sshd -t; journalctl -u ssh -n 20";

// `HostKey` adds up over all files, unlike other settings: every other line that names one has to go. What is written is
// tried beforehand, because a machine that restarts with a configuration sshd refuses is lost.
const useOnlyThisKey: Command = {
  title: `let sshd use ${hostKeyPath} and no other host key`,
  script: `t=$(mktemp -d /etc/ssh/.nemoclaw.XXXXXX)
trap 'rm -rf "$t"' EXIT
install -d -m 0755 /run/sshd /etc/ssh/sshd_config.d
ssh-keygen -y -P '' -f ${hostKeyPath} >/dev/null
sed -E 's/^[[:space:]]*HostKey[[:space:]=]/#&/I' /etc/ssh/sshd_config >"$t/main"
grep -Eiq '^[[:space:]]*Include[[:space:]]+/etc/ssh/sshd_config\\.d/\\*\\.conf' "$t/main" ||
  sed -i '1i Include /etc/ssh/sshd_config.d/*.conf' "$t/main"
cat >"$t/drop-in"
{ cat "$t/drop-in"; grep -Eiv '^[[:space:]]*Include[[:space:]]' "$t/main"; } >"$t/trial"
sshd -t -f "$t/trial"
for each in /etc/ssh/sshd_config.d/*.conf; do
  test -f "$each" && test "$each" != ${hostKeyDropIn} || continue
  grep -Eiq '^[[:space:]]*HostKey[[:space:]=]' "$each" || continue
  sed -i -E 's/^[[:space:]]*HostKey[[:space:]=]/#&/I' "$each"
done
chmod 0644 "$t/drop-in"
mv -fT "$t/drop-in" ${hostKeyDropIn}
if ! cmp -s "$t/main" /etc/ssh/sshd_config; then
  cp -p /etc/ssh/sshd_config "$t/old"
  cat "$t/main" >"$t/old"
  mv -fT "$t/old" /etc/ssh/sshd_config
fi
sshd -t`,
  stdin: dropInText,
  shown: "sshd -t with the new host key, then its drop-in",
  timeoutSeconds: 60,
  try: hint,
};

function reload(bare: string): Command {
  return {
    title: "have sshd read its configuration again",
    script: `install -d -m 0755 /run/sshd
sshd -t
unit=ssh.service
systemctl cat "$unit" >/dev/null 2>&1 || unit=sshd.service
if systemctl -q is-active "$unit"; then systemctl reload "$unit"; else systemctl try-restart "$unit"; fi
printf '%s\\n' ${quote(bare)} >${appliedPath}.new
mv -f ${appliedPath}.new ${appliedPath}`,
    shown: "sshd -t && systemctl reload ssh",
    timeoutSeconds: 60,
    try: hint,
  };
}
