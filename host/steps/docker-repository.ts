import { type Command, quote } from "../command.ts";
import type { Question } from "../question.ts";
import { ensurePackages } from "./apt-packages.ts";
import { downloadHint, trustBundle } from "./authorities.ts";
import type { DockerEngineFacts } from "./docker-facts.ts";
import { writeFile } from "./managed-file.ts";

/** Docker's signed package repository: `apt.docker` of the lock file. */
export interface DockerRepository {
  /** Without the distribution: `https://download.docker.com/linux`, or a mirror of it. */
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

const sourcePath = "/etc/apt/sources.list.d/nemoclaw-docker.sources";
const keyPath = "/etc/apt/keyrings/nemoclaw-docker.asc";

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
export function trustRepository(now: DockerEngineFacts, wanted: DockerRepository, mirror?: string): Command[] {
  const { distribution, codename, arch } = now.system;
  const uri = `${wanted.uri.replace(/\/+$/, "")}/${distribution}`;
  const fingerprint = wanted.fingerprint.replaceAll(/\s/g, "").toUpperCase();
  const commands: Command[] = [];
  if (now.repository.fingerprint !== fingerprint) {
    commands.push(...ensurePackages({ packages: ["ca-certificates", "curl", "gpg"], mirror }).plan(now.apt));
    commands.push(fetchKey(`${uri}/gpg`, fingerprint));
  }
  const content = `Types: deb
URIs: ${uri}
Suites: ${codename}
Components: stable
Architectures: ${arch}
Signed-By: ${keyPath}
`;
  if (now.repository.source !== content) commands.push(writeFile({ path: sourcePath, content }));
  return commands;
}

function fetchKey(uri: string, fingerprint: string): Command {
  return {
    title: `take Docker's package key ${fingerprint} from ${uri}`,
    script: `t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
${trustBundle}
curl --fail --silent --show-error --location --retry 3 --max-time 60 --cacert "$bundle" --output "$t/key" -- ${quote(uri)}
found=$(${soleFingerprint('"$t/key"')})
if test "$found" != ${fingerprint}; then
  echo "the key there is \${found:-not exactly one readable key}, and the lock file wants ${fingerprint}"
  exit 1
fi
install -D -m 0644 "$t/key" ${keyPath}`,
    timeoutSeconds: 300,
    try: `${downloadHint}; where the fingerprint differs, compare it with the one Docker publishes before you change the lock file`,
  };
}

/** Prints the fingerprint of the only key in a file, and nothing when there are several: a second one would be trusted too. */
export function soleFingerprint(file: string): string {
  return `gpg --batch --show-keys --with-colons ${file} 2>/dev/null | awk -F: '
$1 == "pub" { keys++; first = 1 }
$1 == "fpr" && first { found = $10; first = 0 }
END { if (keys == 1) print found }'`;
}
