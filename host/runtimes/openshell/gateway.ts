import { type Command, quote } from "../../command.ts";
import type { Question } from "../../question.ts";
import type { Step } from "../../step.ts";
import { gatewayHangs, longSilence, openshell, openshellQuestion, shown } from "./cli.ts";
import { gatewayName, gatewayPort, gatewayUnitName, paths } from "./paths.ts";
import { isSameRelease, numberOf } from "./release-number.ts";

/** What `openshell status` says. */
export interface GatewayFacts {
  /** The gateway answers, and knows us. A process alone is not enough. */
  readonly connected: boolean;
  /** The gateway's own version. */
  readonly version?: string;
  /** What was said instead. */
  readonly said: string;
}

export const gatewayFacts: Question<GatewayFacts> = openshellQuestion(["status", "-o", "json"], ({ stdout }) =>
  parseStatus(stdout),
);

/** Reads the answer to `openshell status -o json`; what is said instead of JSON is kept. */
export function parseStatus(text: string): GatewayFacts {
  try {
    const { status, authentication, version } = JSON.parse(text) as {
      status?: string;
      authentication?: { status?: string };
      version?: string;
    };
    const connected = status === "connected" && authentication?.status === "authenticated";
    return { connected, ...(version && { version }), said: connected ? "" : text.trim().slice(0, 1000) };
  } catch {
    return { connected: false, said: text.trim().slice(0, 1000) };
  }
}

/** The CLI knows the gateway, and the gateway answers it, as the release that the CLI is of. */
export function ensureConnected(version: string): Step<GatewayFacts> {
  return {
    name: "OpenShell's gateway answers",
    facts: gatewayFacts,
    plan: (now) =>
      now.connected && isSameRelease(now.version ?? version, version) ? [] : [register(numberOf(version))],
  };
}

const endpoint = `https://127.0.0.1:${gatewayPort}`;
const metadata = `${paths.home}/config/openshell/gateways/${gatewayName}/metadata.json`;

const register = (release: string): Command => ({
  title: `register the gateway ${endpoint} and wait until it answers`,
  // One that is stopped takes no notice of anything else.
  script: `! ${gatewayHangs(longSilence)} || systemctl restart -- ${gatewayUnitName}
n=0
until test -s ${quote(metadata)} || ${openshell("gateway", "add", endpoint, "--local", "--name", gatewayName)} >/dev/null 2>&1; do
  n=$((n + 1)); test "$n" -lt 30 || break
  sleep 1
done
is_release() { ! echo "$said" | grep -q '"version"' || echo "$said" | grep -qE ${quote(`"version": *"${release.replaceAll(".", "[.]")}[-+"]`)}; }
n=0
until said=$(${openshell("status", "-o", "json")} 2>&1) && echo "$said" | grep -q '"status": *"connected"' && is_release; do
  n=$((n + 1))
  if test "$n" -ge 40; then
    echo "$said"
    is_release || { echo "the CLI is of OpenShell ${release}, and this gateway is not: they must be of one release"; exit 1; }
    journalctl --no-pager -o cat -n 15 -u ${gatewayUnitName}
    exit 1
  fi
  sleep 0.5
done`,
  shown: shown("status"),
  timeoutSeconds: 180,
  try: `on the machine: journalctl -u ${gatewayUnitName} -e; ss -ltnp sport = :${gatewayPort} shows whether another program has its port`,
});
