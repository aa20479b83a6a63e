import { type Command, quote } from "../../command.ts";
import { users } from "../embedded/paths.ts";
import type { Mirrors } from "../runtime.ts";
import { inside } from "./paths.ts";
import { recipeOf, type SandboxImage } from "./sandbox-image.ts";

/**
 * What the agent finds in its sandbox besides Node, OpenClaw and our programs, which are mounted. `iproute2` and `nftables`
 * are OpenShell's own needs.
 */
const packages = ["iproute2", "nftables", "ca-certificates", "curl", "git", "ripgrep"];

const name = "nemoclaw/openshell-sandbox:distribution";

/**
 * A sandbox image made on the machine from its own distribution's signed packages, so that no registry is needed. Where they
 * come from makes no difference to it.
 */
export function distributionImage(mirrors: Mirrors): SandboxImage {
  const recipe = recipeOf(packages, mirrors);
  return { name, recipe, make: make(mirrors, recipe) };
}

function make({ apt: mirror, ca }: Mirrors, recipe: string): Command {
  const options = [
    "--variant=minbase",
    `--include=${packages.join(",")}`,
    '--aptopt=Acquire::Languages "none"',
    "--aptopt=Acquire::Retries 3",
    ...["doc", "man", "info", "locale"].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`),
  ];
  const source = mirror === undefined ? "" : `${quote(mirror.replace(/\/+$/, ""))}/"$ID"`;
  return {
    title: `make the image ${name} from the distribution's packages`,
    script: `. /etc/os-release
uid=$(id -u ${users.sandbox}) gid=$(id -g ${users.sandbox})
t=$(mktemp -d /var/tmp/nemoclaw-image.XXXXXX)
trap 'rm -rf "$t"' EXIT
cat >"$t/authorities"
cat >"$t/customize" <<'HOOK'
set -eu
echo "sandbox:x:$GID_OF_SANDBOX:" >>"$1/etc/group"
echo "sandbox:x:$UID_OF_SANDBOX:$GID_OF_SANDBOX::${inside.home}:/bin/bash" >>"$1/etc/passwd"
mkdir -p "$1${inside.home}" "$1${inside.workspace}"
chown "$UID_OF_SANDBOX:$GID_OF_SANDBOX" "$1${inside.home}" "$1${inside.workspace}"
test ! -s "$AUTHORITIES" || cp "$AUTHORITIES" "$1/usr/local/share/ca-certificates/nemoclaw.crt"
chroot "$1" update-ca-certificates >/dev/null
HOOK
export UID_OF_SANDBOX=$uid GID_OF_SANDBOX=$gid AUTHORITIES=$t/authorities
mmdebstrap ${options.map(quote).join(" ")} --customize-hook="sh $t/customize \\"\\$1\\"" "$VERSION_CODENAME" "$t/tree.tar" ${source} 2>"$t/said" || {
  tail -n 30 "$t/said"
  exit 1
}
docker import --change 'USER sandbox' --change 'WORKDIR ${inside.home}' --change "LABEL nemoclaw.recipe=${recipe}-$uid-$gid" \\
  "$t/tree.tar" ${name} >/dev/null`,
    stdin: ca ?? "",
    shown: `mmdebstrap --variant=minbase --include=${packages.join(",")} … | docker import - ${name}`,
    timeoutSeconds: 1200,
    try: "check that the machine reaches its distribution's archive, or name a mirror under `nemoclaw:mirrors` (apt)",
  };
}
