import { type Command, quote } from "../../command.ts";
import type { Image } from "../../lock.ts";
import { users } from "../embedded/paths.ts";
import type { Mirrors } from "../runtime.ts";
import { inside } from "./paths.ts";
import { pinOf } from "./pinned-image.ts";
import { recipeOf, type SandboxImage } from "./sandbox-image.ts";

/**
 * A sandbox image made from one that a stack names, as the lock file pins it. On the machine it gets the user that the
 * workspace belongs to and a working directory beside it; no registry and no builder is needed for that.
 */
export function namedImage(image: Image, mirrors: Mirrors): SandboxImage {
  const recipe = recipeOf(pinOf(image), mirrors);
  const short = pinOf(image)
    .replace(/^sha256:/, "")
    .slice(0, 12);
  const base = { name: `nemoclaw/openshell-base:${short}`, image };
  const name = `nemoclaw/openshell-sandbox:${short}`;
  return { name, recipe, base, make: make(name, base.name, image.reference, recipe, mirrors) };
}

function make(name: string, base: string, reference: string, recipe: string, { ca }: Mirrors): Command {
  return {
    title: `make the image ${name} from ${reference}`,
    script: `uid=$(id -u ${users.sandbox}) gid=$(id -g ${users.sandbox})
t=$(mktemp -d /var/tmp/nemoclaw-image.XXXXXX)
box=
trap 'rm -rf "$t"; test -z "$box" || docker rm --force "$box" >/dev/null' EXIT
cat >"$t/authorities"
cat >"$t/prepare" <<'SCRIPT'
${prepare}
SCRIPT
box=$(docker create --network none --user 0 --entrypoint /bin/sh ${quote(base)} /nemoclaw/prepare "$uid" "$gid")
docker cp "$t/." "$box:/nemoclaw"
docker start --attach "$box"
docker commit --change 'USER sandbox' --change 'WORKDIR ${inside.home}' --change 'ENTRYPOINT []' --change 'CMD ["/bin/sh"]' \\
  --change "LABEL nemoclaw.recipe=${recipe}-$uid-$gid" "$box" ${name} >/dev/null`,
    stdin: ca ?? "",
    shown: `docker commit … ${name}`,
    timeoutSeconds: 600,
    try: `see what runtime.image has to bring: docs/versions.md; or leave it out, and the image is made from the distribution`,
  };
}

/** Run inside, as root: $1 and $2 are the numbers of the workspace's owner. It leaves nothing of itself. */
const prepare = `set -eu
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cd /
missing=
needs="ip nft curl sed find"
test ! -s /nemoclaw/authorities || needs="$needs update-ca-certificates"
for program in $needs; do command -v "$program" >/dev/null || missing="$missing $program"; done
test -z "$missing" || { echo "the image lacks$missing"; exit 1; }
old=$(sed -n 's/^sandbox:[^:]*:\\([0-9]*\\):.*/\\1/p' /etc/passwd)
sed -i '/^sandbox:/d' /etc/passwd /etc/group
test -z "$old" || find / -xdev -uid "$old" -exec chown -h "$1:$2" {} +
shell=/bin/sh; test ! -x /bin/bash || shell=/bin/bash
sed -i "1a sandbox:x:$1:$2::${inside.home}:$shell" /etc/passwd
sed -i "1a sandbox:x:$2:" /etc/group
mkdir -p ${inside.home} ${inside.workspace}
chown "$1:$2" ${inside.home} ${inside.workspace}
if test -s /nemoclaw/authorities; then
  mkdir -p /usr/local/share/ca-certificates
  cp /nemoclaw/authorities /usr/local/share/ca-certificates/nemoclaw.crt
  update-ca-certificates >/dev/null
fi
rm -rf /nemoclaw`;
