import { argv, type Command, quote } from "../../command.ts";
import { integrityExitCode } from "../../failure.ts";
import type { Image } from "../../lock.ts";
import type { Step } from "../../step.ts";
import { downloadHint, trustBundle } from "../../steps/authorities.ts";

/** The name under which the machine's Docker has the supervisor: one name, wherever the image came from. */
export const supervisorImage = (version: string) => `nemoclaw/openshell-supervisor:${version.replaceAll("+", "_")}`;

/** The same of what runs inside a sandbox, where a release has an image for it. */
export const runtimeImage = (version: string) => `nemoclaw/openshell-runtime:${version.replaceAll("+", "_")}`;

export interface PinnedImageFacts {
  /** What the image under our name was made from, as it was verified then; empty when it is another one or none. */
  readonly pin: string;
}

/** Where it is noted which image of Docker's is the one whose pin was verified, one file an image. */
export const imageNotesFolder = "/var/lib/nemoclaw/images";

/**
 * An image that is pinned, under a name of ours: pulled by its digest, or loaded from an archive whose sha256 was found right.
 *
 * A mismatch is a HostError of kind `integrity`.
 */
export function ensurePinnedImage(name: string, image: Image): Step<PinnedImageFacts> {
  const pin = "digest" in image ? image.digest : image.sha256;
  const note = quote(`${imageNotesFolder}/${name.replaceAll(/[/:]/g, "_")}`);
  return {
    name: `image ${name}`,
    facts: {
      pin: {
        script: `read -r pin id <${note} || exit 1
test "$(docker image inspect --format '{{.Id}}' ${quote(name)})" = "$id" && echo "$pin"`,
        parse: ({ stdout, exitCode }) => (exitCode === 0 ? stdout.trim() : ""),
      },
    },
    plan: (now) => (now.pin === pin ? [] : ["digest" in image ? pull(name, image, note) : load(name, image, note)]),
  };
}

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

const noted = (name: string, pin: string, note: string) => `mkdir -p ${imageNotesFolder}
id=$(docker image inspect --format '{{.Id}}' ${quote(name)})
printf '%s %s\\n' ${quote(pin)} "$id" >${note}`;

function pull(name: string, { reference, digest }: Extract<Image, { digest: string }>, note: string): Command {
  const pinned = `${reference.replace(/:[^:/]+$/, "")}@${digest}`;
  return {
    title: `pull ${pinned}`,
    script: `docker pull --quiet ${quote(pinned)}
docker tag ${quote(pinned)} ${quote(name)}
${noted(name, digest, note)}`,
    shown: `docker pull ${pinned}`,
    timeoutSeconds: 1200,
    try: `${downloadHint}; or pin an archive of it in nemoclaw.lock.json, under images, as \`docker save\` writes it`,
  };
}

function load(name: string, { url, sha256 }: Extract<Image, { url: string }>, note: string): Command {
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
loaded=$(docker load --quiet --input "$t/image")
docker tag "\${loaded##* }" ${quote(name)}
${noted(name, sha256, note)}`,
    shown: `docker load from ${url}`,
    timeoutSeconds: 1200,
    try: downloadHint,
  };
}
