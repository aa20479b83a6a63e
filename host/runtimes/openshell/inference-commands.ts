import { type Command, quote } from "../../command.ts";
import { Sensitive } from "../../sensitive.ts";
import { askService } from "../ask-service.ts";
import type { RouteSpec } from "../runtime.ts";
import { asSandboxAsks } from "./asking-place.ts";
import { openshell, shown } from "./cli.ts";
import { paths } from "./paths.ts";
import { providerName as nameOf, noteProvider } from "./provider-note.ts";

/**
 * The provider with its key, which comes by standard input and reaches the CLI by the environment of that one process: it
 * takes a key no other way but as an argument. What the gateway never shows again is noted, the key as a salted hash.
 */
export function setProvider({ sandbox, baseUrl, key }: RouteSpec, exists: boolean): Command {
  const name = nameOf(sandbox);
  const config = ["--credential", "OPENAI_API_KEY", "--config", `OPENAI_BASE_URL=${fromSandbox(baseUrl)}`];
  const words = exists
    ? ["provider", "update", name, ...config]
    : ["provider", "create", "--name", name, "--type", "openai", ...config];
  return {
    title: `${exists ? "update" : "make"} the inference provider ${name}`,
    script: `key=$(cat)
OPENAI_API_KEY=\${key:-unused} ${openshell(...words)} >/dev/null
${noteProvider(sandbox, baseUrl)}`,
    stdin: new Sensitive(key ?? ""),
    shown: shown(...words),
    timeoutSeconds: 60,
  };
}

/** The model that every request goes to. */
export function setModel(sandbox: string, model: string): Command {
  // Whether the service answers was asked before, and as sandboxes reach it: the gateway would ask from elsewhere.
  const words = [
    "inference",
    "set",
    "--provider",
    nameOf(sandbox),
    "--model",
    model,
    "--timeout",
    "300",
    "--no-verify",
  ];
  return {
    title: `lead inference to ${model}`,
    script: `${openshell(...words)} >/dev/null`,
    shown: shown(...words),
    timeoutSeconds: 90,
  };
}

/**
 * Running sandboxes take up another model, address or key by themselves, and nothing tells when: OpenShell's supervisor asks
 * every five seconds (crates/openshell-supervisor-network/src/inference_routes.rs of 0.0.112). Until then requests go the old way.
 */
export const takenUp: Command = {
  title: "wait until sandboxes have taken up where inference leads",
  script: "sleep 6",
  timeoutSeconds: 30,
};

export function deleteProvider(sandbox: string, exists: boolean): Command {
  const forget = `rm -f ${[paths.route, paths.answersAs, paths.ledSince].map((path) => quote(path(sandbox))).join(" ")}`;
  if (!exists) return { title: "forget the inference provider", script: forget };
  const words = ["provider", "delete", nameOf(sandbox)];
  // The gateway would go on to lead to a provider that is gone.
  const route = `if ${openshell("inference", "get")} 2>&1 | grep -q ${quote(` ${nameOf(sandbox)}$`)}; then ${openshell("inference", "delete")}; fi`;
  return {
    title: `delete the inference provider ${nameOf(sandbox)}`,
    script: `${openshell(...words)}\n${route}\n${forget}`,
    shown: shown(...words),
    timeoutSeconds: 60,
  };
}

/** The machine's own loopback means nothing in a sandbox; OpenShell has a name for the machine. */
export function fromSandbox(baseUrl: string): string {
  const url = new URL(baseUrl);
  if (!["localhost", "127.0.0.1", "[::1]", "0.0.0.0"].includes(url.hostname)) return baseUrl;
  url.hostname = "host.openshell.internal";
  return url.href.replace(/\/$/, "");
}

/** Whether the service is asked for an answer before the agent is led there. @default true */
export const isAsked = ({ verify }: Pick<RouteSpec, "verify">) => verify !== false;

/** Asks the service of a route, as its sandbox will; what it calls its model is noted. */
export function askFirst({ sandbox, baseUrl, model, key }: RouteSpec): Command {
  const service = { baseUrl: fromSandbox(baseUrl), model, key };
  return askService(service, { from: asSandboxAsks(sandbox), note: paths.answersAs(sandbox) });
}
