import { type Command, quote } from "../command.ts";
import { integrityExitCode } from "../failure.ts";
import type { Question } from "../question.ts";
import type { Step } from "../step.ts";
import { downloadHint, trustBundle } from "./authorities.ts";
import { absolute, type FileFacts, fileFacts } from "./file-facts.ts";
import { pointLink, pointsElsewhere } from "./symlink.ts";

/** A published file that is installed as it is, in a folder of its own. */
export interface Artifact {
  /** `cloudflared`: the folder under `/opt/nemoclaw`. */
  readonly name: string;
  readonly version: string;
  /** With the mirror already put in. */
  readonly url: string;
  /** What the file must hash to: sha256 in hex, or `sha512-…` as the npm registry gives it. */
  readonly hash: string;
  /**
   * A gzipped tar is unpacked without its first folder, and one of loose files as it is; a program is made executable under
   * the artifact's name.
   */
  readonly form: "tarball" | "loose-tarball" | "program";
  /** Whether `current` points at this version. @default true */
  readonly current?: boolean;
}

export interface ArtifactFacts {
  /** The hash that was verified when this version was unpacked; empty when it was not, or not wholly. */
  readonly verified: string;
  readonly current: FileFacts;
}

/** `/opt/nemoclaw/<name>/<version>`. */
export function artifactFolder({ name, version }: Pick<Artifact, "name" | "version">): string {
  return absolute(`/opt/nemoclaw/${name}/${version}`);
}

/** What stands in a version's folder once all of it does: the hash of what it was made from. */
export const doneMarker = ".nemoclaw-verified";

/**
 * A file from the net, unpacked under `/opt/nemoclaw/<name>/<version>` with `current` pointing at it. Needs `curl` on the
 * machine. Nothing is unpacked before the hash is found right, and a version's folder appears whole or not at all.
 *
 * A mismatch is a HostError of kind `integrity`.
 */
export function ensureArtifact(artifact: Artifact): Step<ArtifactFacts> {
  const { name, version, hash, current = true } = artifact;
  const link = { path: `/opt/nemoclaw/${name}/current`, target: version };
  return {
    name: `${name} ${version}`,
    facts: { verified: verifiedFacts(artifactFolder(artifact)), current: fileFacts(link.path) },
    plan: (now) => {
      const linked = now.current.kind === "link" && now.current.target === version;
      return [...(now.verified === hash ? [] : [download(artifact)]), ...(linked || !current ? [] : [pointLink(link)])];
    },
    kept: { paths: current ? [link.path] : [], units: [] },
    replaces: (now) => current && pointsElsewhere(link, now.current),
  };
}

/** What a version's folder says it was made from. */
export function verifiedFacts(folder: string): Question<string> {
  return { script: `cat ${quote(`${folder}/${doneMarker}`)}`, parse: ({ stdout }) => stdout.trim() };
}

function download(artifact: Artifact): Command {
  const { name, version, url, hash } = artifact;
  const { program, expected } = digest(hash);
  return {
    // A file: address is on the machine itself.
    title: `download ${name} ${version} from ${new URL(url).host || "the machine's own files"}`,
    script: `home=${quote(`/opt/nemoclaw/${name}`)}
url=${quote(url)}
mkdir -p "$home"
t=$(mktemp -d "$home/.new.XXXXXX")
trap 'rm -rf "$t"' EXIT
${trustBundle}
test -s "$bundle" && export CURL_CA_BUNDLE="$bundle"
curl --fail --silent --show-error --location --retry 4 --retry-connrefused --connect-timeout 20 --speed-limit 1000 \
--speed-time 60 --output "$t/file" -- "$url"
found=$(${program} <"$t/file" | cut -d' ' -f1)
if test "$found" != ${expected}; then
  echo "$url"
  echo "pinned ${expected}"
  echo "found  $found"
  exit ${integrityExitCode}
fi
mkdir "$t/tree"
${unpack[artifact.form](name)}
printf '%s\\n' ${quote(hash)} >"$t/tree/${doneMarker}"
chmod 0755 "$t/tree"
rm -rf "$home/"${quote(version)}
mv -T "$t/tree" "$home/"${quote(version)}`,
    shown: `curl --location ${url}`,
    timeoutSeconds: 900,
    try: downloadHint,
  };
}

const unpack: Record<Artifact["form"], (name: string) => string> = {
  tarball: () => 'tar -xzf "$t/file" -C "$t/tree" --strip-components=1 --no-same-owner',
  "loose-tarball": () => 'tar -xzf "$t/file" -C "$t/tree" --no-same-owner',
  program: (name) => `install -m 0755 "$t/file" "$t/tree/${name}"`,
};

function digest(hash: string): { program: string; expected: string } {
  if (/^[0-9a-f]{64}$/.test(hash)) return { program: "sha256sum", expected: hash };
  const base64 = /^sha512-([A-Za-z0-9+/]{86}==)$/.exec(hash)?.[1];
  if (base64) return { program: "sha512sum", expected: Buffer.from(base64, "base64").toString("hex") };
  throw new Error(`not a sha256 in hex nor a registry's sha512 integrity: ${hash}`);
}
