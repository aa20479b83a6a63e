import { type Command, quote } from "../../command.ts";
import type { Question } from "../../question.ts";
import type { Step } from "../../step.ts";
import { openshell, openshellQuestion, shown } from "./cli.ts";
import { gatewayName, gatewayPort, gatewayUnitName, paths } from "./paths.ts";

/** What `openshell status` says. */
export interface GatewayFacts {
  /** The gateway answers, and knows us. A process alone is not enough. */
  readonly connected: boolean;
  /** The gateway's own version. */
  readonly version?: string;
  /** What was said instead. */
  readonly said: string;
}

export const gatewayFacts: Question<GatewayFacts> = openshellQuestion(["status"], ({ stdout }) => parseStatus(stdout));

/** Reads the text of `openshell status`, without colours. */
export function parseStatus(text: string): GatewayFacts {
  const field = (name: string) => new RegExp(`^\\s*${name}:\\s+(\\S+)`, "m").exec(text)?.[1];
  const version = field("Version");
  const connected = field("Status") === "Connected" && field("Authentication") !== "Unauthenticated";
  return { connected, ...(version && { version }), said: connected ? "" : text.trim().slice(0, 1000) };
}

/** The CLI knows the gateway, and the gateway answers it. */
export function ensureConnected(): Step<GatewayFacts> {
  return {
    name: "OpenShell's gateway answers",
    facts: gatewayFacts,
    plan: ({ connected }) => (connected ? [] : [register]),
  };
}

const endpoint = `https://127.0.0.1:${gatewayPort}`;
const metadata = `${paths.home}/config/openshell/gateways/${gatewayName}/metadata.json`;

const register: Command = {
  title: `register the gateway ${endpoint} and wait until it answers`,
  script: `n=0
until test -s ${quote(metadata)} || ${openshell("gateway", "add", endpoint, "--local", "--name", gatewayName)} >/dev/null 2>&1; do
  n=$((n + 1)); test "$n" -lt 30 || break
  sleep 1
done
n=0
until said=$(${openshell("status")} 2>&1) && echo "$said" | grep -q Connected; do
  n=$((n + 1))
  if test "$n" -ge 40; then
    echo "$said"
    journalctl --no-pager -o cat -n 15 -u ${gatewayUnitName}
    exit 1
  fi
  sleep 0.5
done`,
  shown: shown("status"),
  timeoutSeconds: 120,
  try: `on the machine: journalctl -u ${gatewayUnitName} -e; ss -ltnp sport = :${gatewayPort} shows whether another program has its port`,
};
