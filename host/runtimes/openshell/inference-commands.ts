import { type Command, quote } from "../../command.ts";
import { Sensitive } from "../../sensitive.ts";
import type { RouteSpec } from "../runtime.ts";
import { openshell, openshellCommand, shown } from "./cli.ts";
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

/**
 * Asks a changed service, by the gateway, through a provider of its own that has the new address and key. When it answers it
 * is what inference leads to at once; when not, the provider in use has not been touched.
 */
export function tryService({ sandbox, baseUrl, model, key }: RouteSpec): Command {
  const next = trialName(sandbox);
  const config = ["--credential", "OPENAI_API_KEY", "--config", `OPENAI_BASE_URL=${fromSandbox(baseUrl)}`];
  const words = lead(next, model, true);
  return {
    title: `ask ${new URL(baseUrl).host} for an answer of ${model}`,
    script: `key=$(cat)
${forgetTrial(sandbox)}
OPENAI_API_KEY=\${key:-unused} ${openshell("provider", "create", "--name", next, "--type", "openai", ...config)} >/dev/null
${openshell(...words)} 2>&1 >/dev/null || {
  code=$?
  ${forgetTrial(sandbox)}
  exit "$code"
}`,
    stdin: new Sensitive(key ?? ""),
    shown: shown(...words),
    timeoutSeconds: 200,
    tryAfter: verificationHint,
  };
}

/**
 * The model that every request goes to; where it is verified the gateway asks for an answer first, and leads nowhere else
 * when there is none. Running sandboxes take the change up by themselves, within five seconds.
 */
export function setModel(sandbox: string, model: string, verify: boolean): Command {
  const words = lead(nameOf(sandbox), model, verify);
  return {
    title: `lead inference to ${model}`,
    script: `${openshell(...words)} >/dev/null\n${forgetTrial(sandbox)}\nsleep 6`,
    shown: shown(...words),
    timeoutSeconds: verify ? 200 : 90,
    tryAfter: verificationHint,
  };
}

function lead(provider: string, model: string, verify: boolean): string[] {
  const words = ["inference", "set", "--provider", provider, "--model", model, "--timeout", "300"];
  return verify ? words : [...words, "--no-verify"];
}

const trialName = (sandbox: string) => `${nameOf(sandbox)}-next`;

const forgetTrial = (sandbox: string) =>
  `${openshell("provider", "delete", trialName(sandbox))} >/dev/null 2>&1 || true`;

function verificationHint(said: string): string | undefined {
  if (!/failed to verify inference endpoint/.test(said.replace(/[\s│]+/g, " "))) return undefined;
  return "the agent is still led where it was; correct baseUrl, model or key, or take the service unasked with inference.verify: false";
}

export function deleteProvider(sandbox: string, exists: boolean): Command {
  const path = quote(paths.route(sandbox));
  if (!exists) return { title: "forget the inference provider", script: `rm -f ${path}` };
  // The route goes with its provider.
  const remove = openshell("provider", "delete", nameOf(sandbox));
  return openshellCommandWith(
    `delete the inference provider ${nameOf(sandbox)}`,
    `${remove}\n${forgetTrial(sandbox)}\nrm -f ${path}`,
    sandbox,
  );
}

function openshellCommandWith(title: string, script: string, sandbox: string): Command {
  return { ...openshellCommand(title, ["provider", "delete", nameOf(sandbox)]), script, timeoutSeconds: 60 };
}

/** The machine's own loopback means nothing in a sandbox; OpenShell has a name for the machine. */
export function fromSandbox(baseUrl: string): string {
  const url = new URL(baseUrl);
  if (!["localhost", "127.0.0.1", "[::1]", "0.0.0.0"].includes(url.hostname)) return baseUrl;
  url.hostname = "host.openshell.internal";
  return url.href.replace(/\/$/, "");
}
