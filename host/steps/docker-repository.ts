import { type Command, quote } from "../command.ts";
import type { Question } from "../question.ts";
import type { DockerEngineFacts } from "./docker-facts.ts";

/** Docker's signed package repository: `apt.docker` of the lock file. */
export interface DockerRepository {
  /** Without the distribution: `https://download.docker.com/linux`, or a mirror of it. */
  readonly uri: string;
  /** Of the signing key, 40 hex digits; anything else is refused before it is trusted. */
  readonly fingerprint: string;
}

export interface RepositoryFacts {
  /** The sources file as it is. */
  readonly source: string | undefined;
  /** Fingerprint of the one key in the key file; `undefined` when there is none or more than one. */
  readonly fingerprint: string | undefined;
}

const sourcePath = "/etc/apt/sources.list.d/nemoclaw-docker.sources";
const keyPath = "/etc/apt/keyrings/nemoclaw-docker.asc";

/** Prints the fingerprint of the only key in a file, and nothing when there are several: a second one would be trusted too. */
const soleFingerprint = (file: string) =>
  `gpg --batch --show-keys --with-colons ${file} 2>/dev/null | awk -F: '$1 == "pub" { keys++; first = 1 } $1 == "fpr" && first { print_me = $10; first = 0 } END { if (keys == 1) print print_me }'`;

export const repositoryFacts: { source: Question<string | undefined>; fingerprint: Question<string | undefined> } = {
  source: {
    script: `cat ${sourcePath}`,
    parse: ({ stdout, exitCode }) => (exitCode === 0 ? stdout : undefined),
  },
  fingerprint: {
    script: soleFingerprint(keyPath),
    parse: ({ stdout }) => stdout.trim() || undefined,
  },
};

/** Commands that add the repository; empty when it is there with the right key. */
export function trustRepository(now: DockerEngineFacts, wanted: DockerRepository): Command[] {
  const { distribution, codename, arch } = now.system;
  const uri = `${wanted.uri.replace(/\/+$/, "")}/${distribution}`;
  const fingerprint = wanted.fingerprint.replaceAll(/\s/g, "").toUpperCase();
  const source = [
    "Types: deb",
    `URIs: ${uri}`,
    `Suites: ${codename}`,
    "Components: stable",
    `Architectures: ${arch}`,
    `Signed-By: ${keyPath}`,
    "",
  ].join("\n");
  const commands: Command[] = [];
  if (now.repository.fingerprint !== fingerprint) commands.push(fetchKey(`${uri}/gpg`, fingerprint));
  if (now.repository.source !== source) {
    commands.push({
      title: `write ${sourcePath}`,
      script: `cat >${sourcePath}.new\nchmod 0644 ${sourcePath}.new\nmv ${sourcePath}.new ${sourcePath}`,
      stdin: source,
    });
  }
  return commands;
}

function fetchKey(uri: string, fingerprint: string): Command {
  const options = "-o DPkg::Lock::Timeout=300 -o Acquire::Retries=3";
  return {
    title: `take Docker's package key ${fingerprint} from ${uri}`,
    script: `export DEBIAN_FRONTEND=noninteractive
if ! command -v gpg >/dev/null || ! command -v curl >/dev/null || ! test -e /etc/ssl/certs/ca-certificates.crt; then
  apt-get ${options} update
  apt-get ${options} --yes --no-install-recommends install ca-certificates curl gpg
fi
key=$(mktemp)
trap 'rm -f "$key"' EXIT
curl --fail --silent --show-error --location --retry 3 --max-time 60 --output "$key" ${quote(uri)}
found=$(${soleFingerprint('"$key"')})
if test "$found" != ${quote(fingerprint)}; then
  echo "the key at "${quote(uri)}" is \${found:-not exactly one readable key}, and the lock file wants "${quote(fingerprint)} >&2
  exit 1
fi
install -D -m 0644 "$key" ${keyPath}`,
    timeoutSeconds: 600,
    try: "see that the machine reaches the repository or set a mirror; compare the fingerprint with the one Docker publishes before changing the lock file",
  };
}
