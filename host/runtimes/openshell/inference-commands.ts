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
 * The model that every request goes to. The gateway asks the service itself only where it can: an address of the machine has
 * its name inside the sandboxes alone. Running sandboxes take the change up by themselves, within five seconds.
 */
export function setModel(sandbox: string, model: string): Command {
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
    script: `${openshell(...words)} >/dev/null\nsleep 6`,
    shown: shown(...words),
    timeoutSeconds: 90,
  };
}

export function deleteProvider(sandbox: string, exists: boolean): Command {
  const path = quote(paths.route(sandbox));
  if (!exists) return { title: "forget the inference provider", script: `rm -f ${path}` };
  // The route goes with its provider.
  const remove = openshell("provider", "delete", nameOf(sandbox));
  return openshellCommandWith(`delete the inference provider ${nameOf(sandbox)}`, `${remove}\nrm -f ${path}`, sandbox);
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
