import { createHash } from "node:crypto";
import { type Command, quote } from "../../command.ts";
import type { Step } from "../../step.ts";
import { authoritiesPath } from "../../steps/authorities.ts";
import { users } from "../embedded/paths.ts";
import { inside } from "./paths.ts";

/**
 * What the agent finds in its sandbox besides Node, OpenClaw and our programs, which are mounted. `iproute2` and `nftables`
 * are OpenShell's own needs.
 */
const packages = ["iproute2", "nftables", "ca-certificates", "curl", "git", "ripgrep"];

/** The image's name; the same for all sandboxes of a machine. */
export const sandboxImage = "nemoclaw/openshell-sandbox:distribution";

/** Short name of all that the image is made from, but for the numbers that its user has on this machine. */
const recipe = createHash("sha256")
  .update(JSON.stringify([packages, inside, 1]))
  .digest("hex")
  .slice(0, 12);

export interface SandboxImageFacts {
  /** What the image says it was made from: recipe, user and group number. */
  readonly made: string;
  /** The numbers that the workspace's owner has on this machine. */
  readonly owner: string;
}

/**
 * A sandbox image made on the machine from its own distribution's signed packages, so that no registry is needed. Its user
 * has the numbers of the workspace's owner, and its working directory is not the workspace.
 */
export function ensureSandboxImage(mirror: string | undefined): Step<SandboxImageFacts> {
  return {
    name: `image ${sandboxImage}`,
    facts: {
      made: {
        script: `docker image inspect --format '{{index .Config.Labels "nemoclaw.recipe"}}' ${sandboxImage}`,
        parse: ({ stdout, exitCode }) => (exitCode === 0 ? stdout.trim() : ""),
      },
      owner: {
        script: `echo "$(id -u ${users.sandbox})-$(id -g ${users.sandbox})"`,
        parse: ({ stdout }) => stdout.trim(),
      },
    },
    plan: ({ made, owner }) => (made === `${recipe}-${owner}` && owner !== "-" ? [] : [make(mirror)]),
  };
}

function make(mirror: string | undefined): Command {
  const options = [
    "--variant=minbase",
    `--include=${packages.join(",")}`,
    '--aptopt=Acquire::Languages "none"',
    "--aptopt=Acquire::Retries 3",
    ...["doc", "man", "info", "locale"].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`),
  ];
  const source = mirror === undefined ? "" : `${quote(mirror.replace(/\/+$/, ""))}/"$ID"`;
  return {
    title: `make the image ${sandboxImage} from the distribution's packages`,
    script: `. /etc/os-release
uid=$(id -u ${users.sandbox}) gid=$(id -g ${users.sandbox})
t=$(mktemp -d /var/tmp/nemoclaw-image.XXXXXX)
trap 'rm -rf "$t"' EXIT
cat >"$t/customize" <<'HOOK'
set -eu
echo "sandbox:x:$GID_OF_SANDBOX:" >>"$1/etc/group"
echo "sandbox:x:$UID_OF_SANDBOX:$GID_OF_SANDBOX::${inside.home}:/bin/bash" >>"$1/etc/passwd"
mkdir -p "$1${inside.home}" "$1${inside.workspace}"
chown "$UID_OF_SANDBOX:$GID_OF_SANDBOX" "$1${inside.home}" "$1${inside.workspace}"
test ! -s ${authoritiesPath} || cp ${authoritiesPath} "$1/usr/local/share/ca-certificates/nemoclaw.crt"
chroot "$1" update-ca-certificates >/dev/null
HOOK
export UID_OF_SANDBOX=$uid GID_OF_SANDBOX=$gid
mmdebstrap ${options.map(quote).join(" ")} --customize-hook="sh $t/customize \\"\\$1\\"" "$VERSION_CODENAME" "$t/tree.tar" ${source} 2>"$t/said" || {
  tail -n 30 "$t/said"
  exit 1
}
docker import --change 'USER sandbox' --change 'WORKDIR ${inside.home}' --change "LABEL nemoclaw.recipe=${recipe}-$uid-$gid" \\
  "$t/tree.tar" ${sandboxImage} >/dev/null`,
    shown: `mmdebstrap --variant=minbase --include=${packages.join(",")} … | docker import - ${sandboxImage}`,
    timeoutSeconds: 1200,
    try: "check that the machine reaches its distribution's archive, or name a mirror under `nemoclaw:mirrors` (apt)",
  };
}
