import { type Command, quote } from "../command.ts";
import type { Question, Questions } from "../question.ts";
import { type AptFacts, ensurePackages } from "./apt-packages.ts";
import { downloadHint, trustBundle } from "./authorities.ts";
import { soleFingerprint } from "./docker-repository.ts";
import { writeFile } from "./managed-file.ts";

/** NVIDIA's signed package repository of the container toolkit: `apt.nvidia-container-toolkit` of the lock file. */
export interface NvidiaRepository {
  /** Without what follows it for packages: `https://nvidia.github.io/libnvidia-container`, or a mirror of it. */
  readonly uri: string;
  /** Of the signing key, 40 hex digits; any other key is refused before it is trusted. */
  readonly fingerprint: string;
}

export interface NvidiaRepositoryFacts {
  /** The sources file as it is. */
  readonly source: string | undefined;
  /** Fingerprint of the one key in the key file; `undefined` when there is none, or more than one. */
  readonly fingerprint: string | undefined;
}

const sourcePath = "/etc/apt/sources.list.d/nemoclaw-nvidia.sources";
const keyPath = "/etc/apt/keyrings/nemoclaw-nvidia.asc";

const text: Question<string | undefined>["parse"] = ({ stdout, exitCode }) => (exitCode === 0 ? stdout : undefined);

export const nvidiaRepositoryFacts: Questions<NvidiaRepositoryFacts> = {
  source: { script: `cat ${sourcePath}`, parse: text },
  fingerprint: { script: soleFingerprint(keyPath), parse: ({ stdout }) => stdout.trim() || undefined },
};

/** Commands that add the repository; empty when it is there with the right key. */
export function trustNvidiaRepository(
  now: { readonly repository: NvidiaRepositoryFacts; readonly apt: AptFacts; readonly arch: string },
  wanted: NvidiaRepository,
  mirror?: string,
): Command[] {
  const uri = wanted.uri.replace(/\/+$/, "");
  const fingerprint = wanted.fingerprint.replaceAll(/\s/g, "").toUpperCase();
  const commands: Command[] = [];
  if (now.repository.fingerprint !== fingerprint) {
    commands.push(...ensurePackages({ packages: ["ca-certificates", "curl", "gpg"], mirror }).plan(now.apt));
    commands.push(fetchKey(`${uri}/gpgkey`, fingerprint));
  }
  // A repository without suites: the packages lie in the folder itself.
  const content = `Types: deb
URIs: ${uri}/stable/deb/${now.arch}
Suites: /
Signed-By: ${keyPath}
`;
  if (now.repository.source !== content) commands.push(writeFile({ path: sourcePath, content }));
  return commands;
}

function fetchKey(uri: string, fingerprint: string): Command {
  return {
    title: `take NVIDIA's package key ${fingerprint} from ${uri}`,
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
    shown: `curl --location ${uri}, and compare the key's fingerprint`,
    timeoutSeconds: 300,
    try: `${downloadHint}; where the fingerprint differs, compare it with the one NVIDIA publishes before you change the lock file`,
  };
}
