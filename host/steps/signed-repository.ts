import { type Command, quote } from "../command.ts";
import type { Questions } from "../question.ts";
import { type AptFacts, ensurePackages } from "./apt-packages.ts";
import { downloadHint, trustBundle } from "./authorities.ts";
import { writeFile } from "./managed-file.ts";

/** A package repository as the lock file pins it. */
export interface PinnedRepository {
  /** Without what follows it for packages: `https://download.docker.com/linux`, or a mirror of it. */
  readonly uri: string;
  /** Of the signing key, 40 hex digits; any other key is refused before it is trusted. */
  readonly fingerprint: string;
}

export interface RepositoryFacts {
  /** The sources file as it is. */
  readonly source: string | undefined;
  /** Fingerprint of the one key in the key file; `undefined` when there is none, or more than one. */
  readonly fingerprint: string | undefined;
}

/** Whose repository it is, and how it is laid out. */
export interface RepositoryLayout {
  /** In file names: `docker`. */
  readonly name: string;
  /** In sentences: `Docker`. */
  readonly publisher: string;
  /** Where it lies. */
  readonly uri: string;
  /** Of the signing key, below the address: `gpg`. */
  readonly key: string;
  /** Lines of the sources file between its type and its key. */
  readonly source: string;
}

const sourcePath = (name: string) => `/etc/apt/sources.list.d/nemoclaw-${name}.sources`;
const keyPath = (name: string) => `/etc/apt/keyrings/nemoclaw-${name}.asc`;

/** What a machine trusts as this repository. */
export function repositoryFacts(name: string): Questions<RepositoryFacts> {
  return {
    source: {
      script: `cat ${sourcePath(name)}`,
      parse: ({ stdout, exitCode }) => (exitCode === 0 ? stdout : undefined),
    },
    fingerprint: { script: soleFingerprint(keyPath(name)), parse: ({ stdout }) => stdout.trim() || undefined },
  };
}

/** Commands that add a repository; empty when it is there with the right key. */
export function trustSignedRepository(
  now: { readonly repository: RepositoryFacts; readonly apt: AptFacts },
  layout: RepositoryLayout,
  pinned: string,
  mirror?: string,
): Command[] {
  const fingerprint = pinned.replaceAll(/\s/g, "").toUpperCase();
  const commands: Command[] = [];
  if (now.repository.fingerprint !== fingerprint) {
    commands.push(...ensurePackages({ packages: ["ca-certificates", "curl", "gpg"], mirror }).plan(now.apt));
    commands.push(fetchKey(layout, fingerprint));
  }
  const content = `Types: deb\n${layout.source}\nSigned-By: ${keyPath(layout.name)}\n`;
  if (now.repository.source !== content) commands.push(writeFile({ path: sourcePath(layout.name), content }));
  return commands;
}

function fetchKey({ name, publisher, uri: base, key }: RepositoryLayout, fingerprint: string): Command {
  const uri = keyAddress({ uri: base, key });
  return {
    title: `take ${publisher}'s package key ${fingerprint} from ${uri}`,
    script: `t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
${trustBundle}
curl --fail --silent --show-error --location --retry 3 --max-time 60 --cacert "$bundle" --output "$t/key" -- ${quote(uri)}
found=$(${soleFingerprint('"$t/key"')})
if test "$found" != ${fingerprint}; then
  echo "the key there is \${found:-not exactly one readable key}, and the lock file wants ${fingerprint}"
  exit 1
fi
install -D -m 0644 "$t/key" ${keyPath(name)}`,
    shown: `curl --location ${uri}, and compare the key's fingerprint`,
    timeoutSeconds: 300,
    try: `${downloadHint}; where the fingerprint differs, compare it with the one ${publisher} publishes before you change the lock file`,
  };
}

/** Where a repository's signing key is. */
export function keyAddress({ uri, key }: Pick<RepositoryLayout, "uri" | "key">): string {
  return `${uri}/${key}`;
}

/**
 * Shell that prints the fingerprint of the only key in a file, and nothing when there are several: a second one would be trusted too.
 *
 * @param file as the shell reads it
 */
export function soleFingerprint(file: string): string {
  return `gpg --batch --show-keys --with-colons ${file} 2>/dev/null | awk -F: '
$1 == "pub" { keys++; first = 1 }
$1 == "fpr" && first { found = $10; first = 0 }
END { if (keys == 1) print found }'`;
}
