import { type Command, quote } from "../command.ts";
import { integrityExitCode } from "../failure.ts";
import { downloadHint, trustBundle } from "./authorities.ts";
import type { NpmInstall } from "./npm-install.ts";

export const ownNode = "/opt/nemoclaw/node/current/bin/node";

const mostAttempts = 3;

/**
 * `npm ci` in a folder, without install scripts. npm waits for ever for a download that stalled half-way on a connection that
 * stands, so it is ended when nothing was written for a while, and started again with what it has in its cache. It takes a second
 * signal: at the first npm 11 only begins to undo its work, and waits for that download.
 */
export function npmCi(install: NpmInstall, staging: string, { stillSeconds = 90, lookSeconds = 15 } = {}): Command {
  const { node = ownNode, npm = "/opt/nemoclaw/npm/current/bin/npm-cli.js" } = install;
  const registry = install.registry ? ` --registry=${quote(install.registry)}` : "";
  // The cache outlives a failure, so that the next try downloads only what is missing, and not a success. What npm could not
  // write, on a full disk for one, it only warns of: it leaves empty files, one by one for minutes, and ends well.
  return {
    title: `install the packages of ${install.name} ${install.version}`,
    script: `cd ${quote(staging)}
cache=/var/cache/nemoclaw/npm
mkdir -p "$cache"
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
${trustBundle}
test -s "$bundle" && export NODE_EXTRA_CA_CERTS="$bundle"
export PATH="$(dirname ${quote(node)}):$PATH" npm_config_cache="$cache" npm_config_userconfig=/dev/null npm_config_update_notifier=false npm_config_loglevel=warn
attempt=1
while :; do
  ${quote(node)} ${quote(npm)} ci --ignore-scripts --omit=dev --no-audit --no-fund --fetch-retries=4${registry} >"$t/said" 2>&1 &
  npm=$! second=0 still=0 before=
  while kill -0 $npm 2>/dev/null; do
    ! grep -q TAR_ENTRY_ERROR "$t/said" || kill $npm 2>/dev/null || :
    sleep 1
    second=$((second + 1))
    test $((second % ${lookSeconds})) = 0 || continue
    now=$(du -sk "$cache" . 2>/dev/null | cut -f 1 | tr '\\n' ' ')
    if test "$now" = "$before"; then still=$((still + ${lookSeconds})); else still=0 before=$now; fi
    test $still -lt ${stillSeconds} || kill $npm 2>/dev/null || :
  done
  code=0
  wait $npm || code=$?
  test $code -ne 0 && test $still -ge ${stillSeconds} || break
  echo "npm downloaded nothing for ${stillSeconds} s although it was not done (attempt $attempt of ${mostAttempts})"
  test $attempt -lt ${mostAttempts} || exit 1
  attempt=$((attempt + 1))
done
! grep -m 5 TAR_ENTRY_ERROR "$t/said" || exit 1
if test $code -ne 0; then
  tail -n 40 "$t/said"
  ! grep -q EINTEGRITY "$t/said" || exit ${integrityExitCode}
  exit 1
fi
tail -n 5 "$t/said"
rm -rf "$cache"`,
    shown: `npm ci --ignore-scripts --omit=dev${registry}   in ${staging}`,
    timeoutSeconds: 1200,
    try: downloadHint,
  };
}
