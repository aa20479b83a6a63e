import { type Command, quote } from "../../command.ts";
import { Sensitive } from "../../sensitive.ts";
import { paths as shared } from "../embedded/paths.ts";
import type { RouteSpec } from "../runtime.ts";
import { openshell, openshellCommand, shown } from "./cli.ts";
import { paths } from "./paths.ts";

const nameOf = (sandbox: string) => `nemoclaw-${sandbox}`;

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
umask 077
salt=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \\n')
hash=$(printf '%s%s' "$salt" "$key" | sha256sum | cut -d' ' -f1)
${openshell("provider", "list", "-o", "json")} | ${shared.node} -e ${quote(note)} ${quote(name)} ${quote(baseUrl)} "$salt" "$hash" ${quote(paths.route(sandbox))}`,
    stdin: new Sensitive(key ?? ""),
    shown: shown(...words),
    timeoutSeconds: 60,
  };
}

const note = `
const [name, baseUrl, salt, keyHash, path] = process.argv.slice(1);
const fs = require("node:fs");
const found = JSON.parse(fs.readFileSync(0, "utf8")).find((provider) => provider.name === name);
const text = JSON.stringify({ baseUrl, id: found.id, keyHash, resourceVersion: found.resource_version, salt }, null, 2);
fs.mkdirSync(require("node:path").dirname(path), { recursive: true, mode: 0o755 });
fs.writeFileSync(path + ".new", text + "\\n", { mode: 0o600 });
fs.renameSync(path + ".new", path);`;

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
