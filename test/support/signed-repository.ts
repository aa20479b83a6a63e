import type { Command } from "../../host/command.ts";

interface Repository {
  /** Where it is, below `signedRepositoryUri`; the shell reads it. */
  readonly folder: string;
  /** The release that it has packages for, as Debian's own repositories have several; without one it is a plain folder. */
  readonly suite?: string;
  /** Where its public key is, below `signedRepositoryUri`. */
  readonly key: string;
  /** Shell that puts packages into `$pool`, in an empty folder. */
  readonly packages: string;
}

/** Where the repositories are, as the machine that they are on sees it. */
export const signedRepositoryUri = "http://127.0.0.1:8090";

/** Makes a package repository on a machine's loopback, signed with a key made there. Prints its fingerprint. */
export function signedRepository({ folder, suite, key, packages }: Repository): Command {
  const at = suite
    ? { index: `dists/${suite}`, list: `dists/${suite}/stable/binary-amd64` }
    : { index: ".", list: "." };
  const pool = suite ? "pool" : ".";
  const release = suite && `-o APT::FTPArchive::Release::Suite=${suite} -o APT::FTPArchive::Release::Components=stable`;
  return {
    title: "make a signed package repository",
    script: `exec 3>&1 >/dev/null 2>&1
apt-get install --yes --no-install-recommends gpg gpg-agent apt-utils busybox
systemd-run --quiet --unit=repository busybox httpd -f -p 127.0.0.1:8090 -h /srv
at=/srv/${folder}
pool=$at/${pool}
mkdir -p $pool $at/${at.list}
cd "$(mktemp -d)"
chmod 755 .
${packages}
cd $at
apt-ftparchive packages ${pool} >${at.list}/Packages
apt-ftparchive ${release ?? ""} release ${at.index} >/tmp/Release
mv /tmp/Release ${at.index}/Release
GNUPGHOME=$(mktemp -d)
export GNUPGHOME
gpg --batch --passphrase '' --quick-generate-key test@example.invalid ed25519 sign never
gpg --batch --clearsign --output ${at.index}/InRelease ${at.index}/Release
gpg --batch --armor --export >/srv/${key}
gpg --batch --with-colons --list-keys | awk -F: '$1 == "fpr" { print $10; exit }' >&3`,
    timeoutSeconds: 240,
  };
}
