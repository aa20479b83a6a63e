/**
 * Shell text of a stand-in for `docker` that has images and nothing else: a file in `$here/images` each, named for the reference,
 * with the id in it. It pulls while `$here/registry` is there; a build makes `$here/building` and goes on while `$here/slow` is there.
 * An import fails while `$here/full` is there. Every removal is noted in `$here/removals`; an image whose reference is in `$here/used` stays.
 * No daemon answers while `$here/down` is there.
 */
export const dockerStandIn = `mkdir -p "$here/images"
cd "$here/images" || exit 1
for last; do :; done
name=$(echo "$last" | tr / _)
has() { cat "$name" 2>/dev/null; }
make() { [ -e "$1" ] || echo "sha256:$(echo "$1" | sha256sum | cut -c 1-64)" >"$1"; }
if [ -e "$here/down" ] && [ "$*" != --version ]; then
  echo "Cannot connect to the Docker daemon. Is the docker daemon running?" >&2
  exit 1
fi
case "$*" in
  --version | version*) echo 20.10.24 ;;
  "image inspect "*)
    has >/dev/null || { echo "Error: No such image: $last" >&2; exit 1; }
    echo "[{\\"Id\\": \\"$(has)\\"}]" ;;
  "image ls "*filter*) ;;
  "image ls "*) cat -- * 2>/dev/null | sort -u ;;
  "image rm "*)
    shift 2
    echo "$*" >>"$here/removals"
    ! grep -qxF "$last" "$here/used" 2>/dev/null || { echo "conflict: unable to remove $last (must force)" >&2; exit 1; }
    for file in "$name" $(grep -l -x "$last" -- * 2>/dev/null); do [ ! -e "$file" ] || found=$file; done
    [ -n "\${found:-}" ] || { echo "Error: No such image: $last" >&2; exit 1; }
    rm "$found" ;;
  "pull "*)
    [ -e "$here/registry" ] || { echo "no registry answers" >&2; exit 1; }
    make "$name" ;;
  "import "*)
    [ ! -e "$here/full" ] || { echo "no space left on device" >&2; exit 1; }
    cat >/dev/null; make "$name"; has ;;
  "tag "*) cp "$(echo "$2" | tr / _)" "$name" ;;
  "build "*)
    touch "$here/building"
    while [ -e "$here/slow" ] && kill -0 "$PPID"; do sleep 0.1; done
    kill -0 "$PPID" && make "$3" ;;
esac`;
