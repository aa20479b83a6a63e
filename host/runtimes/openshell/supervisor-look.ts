import { user } from "./paths.ts";
import type { ImageLook } from "./pinned-image.ts";
import { numberOf } from "./release-number.ts";

/**
 * Whether the supervisor in an image is of the release that CLI and gateway are of, by its own word. An image that is nothing
 * but the program cannot run it; then a copy of it is asked outside. One that says nothing is left to OpenShell.
 */
export function supervisorLook(version: string): ImageLook {
  const number = numberOf(version);
  return {
    script: `said=$(docker run --rm --network none "$image" --version 2>&1) || {
  program=$(docker image inspect --format '{{index .Config.Entrypoint 0}}' "$image") || exit 0
  out=$(mktemp -d /opt/nemoclaw/.supervisor.XXXXXX)
  trap 'rm -rf "$out"' EXIT
  box=$(docker create --network none "$image")
  docker cp "$box:$program" "$out/program" >/dev/null
  docker rm "$box" >/dev/null
  chmod -R a+rX "$out"
  said=$(runuser -u ${user} -- env -C / "$out/program" --version 2>&1) || exit 0
}
found=$(echo "$said" | sed -nE 's/^[a-z-]+ ([0-9]+[.][0-9]+[.][0-9]+).*/\\1/p' | head -n 1)
case "$found" in
  "" | ${number}) ;;
  *) echo "the supervisor in this image is of OpenShell $found, and CLI and gateway are of ${version}: they must be of one release"; exit 1 ;;
esac`,
    tryAfter: (said) =>
      /^the supervisor in this image is of/m.test(said)
        ? "pin the image of the same release: scripts/lock refresh openshell; a site's archive must hold it, too"
        : undefined,
  };
}
