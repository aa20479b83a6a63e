import { argv, type Command, quote } from "../../command.ts";
import { integrityExitCode } from "../../failure.ts";
import type { Image } from "../../lock.ts";
import type { Question } from "../../question.ts";
import type { Step } from "../../step.ts";
import { downloadHint, trustBundle } from "../../steps/authorities.ts";
import { withoutTag } from "../../without-tag.ts";
import { type ImageThere, inspectImage, readThere } from "./inspect-image.ts";

export interface PinnedImageFacts {
  /** Whether Docker has an image of our name. */
  readonly there: ImageThere;
  /** What it was made from, as that was verified then; empty when it is another one. */
  readonly pin: string;
}

/** Where it is noted which image of Docker's is the one whose pin was verified, one file an image. */
export const imageNotesFolder = "/var/lib/nemoclaw/images";

const noteOf = (name: string) => quote(`${imageNotesFolder}/${name.replaceAll(/[/:]/g, "_")}`);

/**
 * What Docker has under a name of ours.
 *
 * @param name as a word of shell
 */
export function pinnedImageFacts(name: string): Question<PinnedImageFacts> {
  return {
    script: `name=${name}
${inspectImage('"$name"', "{{.Id}}")}
test "$there" = there || exit 0
read -r pin id <"${imageNotesFolder}/$(echo "$name" | tr /: __)" && test "$seen" = "$id" && echo "$pin" || :`,
    parse({ stdout }) {
      const [there, pin = ""] = stdout.split("\n");
      return { there: readThere(there), pin };
    },
  };
}

export interface PinnedImage {
  /** The name of ours. */
  readonly name: string;
  readonly image: Image;
  /** What must be true of it besides, before it is taken for the pinned one. */
  readonly look?: ImageLook;
}

/**
 * An image that is pinned, under a name of ours: pulled by its digest, or loaded from an archive whose sha256 was found right.
 *
 * A mismatch is a HostError of kind `integrity`.
 */
export function ensurePinnedImage({ name, image, look }: PinnedImage): Step<PinnedImageFacts> {
  return {
    name: `image ${name}`,
    facts: pinnedImageFacts(quote(name)),
    plan({ pin }) {
      if (pin === pinOf(image)) return [];
      const command = "digest" in image ? pull(name, image, look) : load(name, image, look);
      return [{ ...command, tryAfter: look?.tryAfter }];
    },
  };
}

/** What an image is looked at for. */
export interface ImageLook {
  /** Shell that says what is wrong with `$image` and ends with 1. */
  readonly script: string;
  readonly tryAfter: NonNullable<Command["tryAfter"]>;
}

/** What names a pinned image's content. */
export const pinOf = (image: Image) => ("digest" in image ? image.digest : image.sha256);

/** None of our images, whatever their version. One that a container still uses stays, with its name gone. */
export function ensureNoImages(): Step<{ readonly names: readonly string[] }> {
  return {
    name: "no images of ours for OpenShell",
    facts: {
      names: {
        script: "docker image ls --format '{{.Repository}}:{{.Tag}}'",
        parse: ({ stdout }) => stdout.split("\n").filter((name) => name.startsWith("nemoclaw/openshell-")),
      },
    },
    plan: ({ names }) =>
      names.length === 0 ? [] : [argv("remove OpenShell's images", ["docker", "image", "rm", "--force", ...names])],
  };
}

/** Names that Docker has already: what it had before stays when we give an image our own. */
const had = `had=$(docker image ls --digests --format '{{.Repository}}:{{.Tag}} {{.Repository}}@{{.Digest}}' | tr ' ' '\\n')`;

/** Takes `$image` under our name alone, once it was looked at; one that did not pass is not kept. */
function taken(name: string, pin: string, look: ImageLook | undefined): string {
  return `forget() {
  case "$image" in sha256:*) ;; *) echo "$had" | grep -qxF -- "$image" || docker image rm "$image" >/dev/null ;; esac
}
${look ? `( ${look.script} ) || { forget; exit 1; }\n` : ""}docker tag "$image" ${quote(name)}
forget
mkdir -p ${imageNotesFolder}
id=$(docker image inspect --format '{{.Id}}' ${quote(name)})
printf '%s %s\\n' ${quote(pin)} "$id" >${noteOf(name)}`;
}

function pull(
  name: string,
  { reference, from = reference, digest }: Extract<Image, { digest: string }>,
  look?: ImageLook,
): Command {
  const pinned = `${withoutTag(from)}@${digest}`;
  return {
    title: `pull ${pinned}`,
    script: `${had}
docker pull --quiet ${quote(pinned)}
image=${quote(pinned)}
${taken(name, digest, look)}`,
    shown: `docker pull ${pinned}`,
    timeoutSeconds: 1200,
    try: `${downloadHint}; or pin an archive of it in nemoclaw.lock.json, under images, as \`docker save\` writes it`,
  };
}

function load(name: string, { url, sha256 }: Extract<Image, { url: string }>, look?: ImageLook): Command {
  return {
    title: `load ${name} from ${url}`,
    script: `t=$(mktemp -d /var/tmp/nemoclaw-image.XXXXXX)
trap 'rm -rf "$t"' EXIT
${trustBundle}
test -s "$bundle" && export CURL_CA_BUNDLE="$bundle"
curl --fail --silent --show-error --location --retry 4 --connect-timeout 20 --output "$t/image" -- ${quote(url)}
found=$(sha256sum <"$t/image" | cut -d' ' -f1)
if test "$found" != ${sha256}; then
  echo ${quote(url)}
  echo "pinned ${sha256}"
  echo "found  $found"
  exit ${integrityExitCode}
fi
${had}
loaded=$(docker load --quiet --input "$t/image")
image=\${loaded##* }
${taken(name, sha256, look)}`,
    shown: `docker load from ${url}`,
    timeoutSeconds: 1200,
    try: downloadHint,
  };
}
