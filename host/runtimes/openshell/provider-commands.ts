import { type Command, quote } from "../../command.ts";
import { Sensitive } from "../../sensitive.ts";
import { paths as shared, users } from "../embedded/paths.ts";
import type { RouteSpec } from "../runtime.ts";
import { settingsFile } from "./agent-settings.ts";
import { openshell, shown } from "./cli.ts";
import { paths } from "./paths.ts";
import { startAndWait, waitForPhase } from "./phase.ts";
import { noteProvider, providerName } from "./provider-note.ts";
import { keyVariable, profileName } from "./provider-profile.ts";

/**
 * Puts a profile in the place of any that is there, which is only changed by somebody who knows its version. What the gateway
 * makes of it is noted, so that a later look tells whether anybody changed it since.
 */
export function setProfile(sandbox: string, profile: string, wanted: string, exists: boolean): Command {
  const id = profileName(sandbox);
  const file = quote(paths.profile(sandbox));
  const ask = openshell("provider", "profile", "export", id, "-o", "json");
  const words = exists
    ? ["provider", "profile", "update", "--file", paths.profile(sandbox), id]
    : ["provider", "profile", "import", "--file", paths.profile(sandbox)];
  return {
    title: `${exists ? "update" : "import"} the provider profile ${id}`,
    script: `umask 022
mkdir -p "$(dirname ${file})"
cat >${file}.new
${exists ? `version=$(${ask} | ${shared.node} -e ${quote(versionOf)})` : "version="}
${shared.node} -e ${quote(withVersion)} ${file}.new ${file} "$version"
rm -f ${file}.new
${openshell(...words)} >/dev/null
${ask} | ${shared.node} -e ${quote(note)} ${quote(wanted)} ${quote(paths.profileNote(sandbox))}`,
    stdin: profile,
    shown: shown(...words),
    timeoutSeconds: 60,
    try: "the agent's way to its model is described there; the base URL is in nemoclaw:inference",
  };
}

const read = `require("node:fs").readFileSync(0, "utf8")`;
const versionOf = `process.stdout.write(String(JSON.parse(${read}).resource_version ?? ""))`;
// JSON is YAML, and a number stays one.
const withVersion = `
const [from, to, version] = process.argv.slice(1);
const fs = require("node:fs");
const profile = JSON.parse(fs.readFileSync(from, "utf8"));
if (version !== "") profile.resource_version = Number(version);
fs.writeFileSync(to, JSON.stringify(profile, null, 2) + "\\n", { mode: 0o644 });`;
const note = `
const [wanted, path] = process.argv.slice(1);
const { resource_version, ...rest } = JSON.parse(${read});
const found = require("node:crypto").createHash("sha256").update(JSON.stringify(rest)).digest("hex");
require("node:fs").writeFileSync(path, JSON.stringify({ found, wanted }) + "\\n", { mode: 0o600 });`;

/**
 * The provider with its key, which comes by standard input and reaches the CLI by the environment of that one process. One of
 * another kind, or one that still has a key where there shall be none, is made anew.
 */
export function setProvider({ sandbox, baseUrl, key }: RouteSpec, how: "create" | "update" | "make anew"): Command {
  const name = providerName(sandbox);
  const source = key === undefined ? [] : ["--credential", keyVariable];
  const words =
    how === "update"
      ? ["provider", "update", name, ...source]
      : ["provider", "create", "--name", name, "--type", profileName(sandbox), ...source];
  const before =
    how === "make anew" ? `${detachment(sandbox)}\n${openshell("provider", "delete", name)} >/dev/null\n` : "";
  return {
    title: `${how} the inference provider ${name}`,
    script: `key=$(cat)
${before}${key === undefined ? "" : `${keyVariable}=$key `}${openshell(...words)} >/dev/null
${noteProvider(sandbox, baseUrl)}`,
    stdin: new Sensitive(key ?? ""),
    shown: shown(...words),
    timeoutSeconds: 60,
  };
}

const detachment = (sandbox: string) =>
  `${openshell("sandbox", "provider", "detach", sandbox, providerName(sandbox))} >/dev/null 2>&1 || :`;

/** Lets a sandbox use the provider: its rules apply at once, its key to processes that start from now on. */
export function attachProvider(sandbox: string): Command {
  const words = ["sandbox", "provider", "attach", sandbox, providerName(sandbox)];
  return {
    title: `attach the inference provider to the sandbox ${sandbox}`,
    script: `rm -f ${quote(paths.startedWith(sandbox))}\n${openshell(...words)} >/dev/null`,
    shown: shown(...words),
    timeoutSeconds: 60,
  };
}

/** Starts the agent's process anew, which is the only way to a key that is another one; what it was started with is noted. */
export function restartForKey(sandbox: string): Command {
  return {
    title: `restart the agent of ${sandbox}: under OpenShell 0.1.x a running process keeps the key that it was started with`,
    script: `${openshell("sandbox", "stop", sandbox)} >/dev/null
${waitForPhase(sandbox, "Stopped")}
${startAndWait(sandbox)}
cp ${quote(paths.route(sandbox))} ${quote(paths.startedWith(sandbox))}`,
    shown: shown("sandbox", "stop", sandbox),
    timeoutSeconds: 300,
  };
}

/** Waits until the running agent has taken up where its route file leads. */
export function waitForAgent(sandbox: string, model: string): Command {
  const path = settingsFile(sandbox);
  return {
    title: `lead the agent of ${sandbox} to ${model}`,
    script: `n=0
until runuser -u ${users.sandbox} -- grep -qF ${quote(JSON.stringify(`inference/${model}`))} ${quote(path)}; do
  n=$((n + 1)); test "$n" -lt 60 || { echo "the agent did not take its route up within 30 s"; exit 1; }
  sleep 0.5
done
sleep 2`,
    shown: `wait for ${path}`,
    timeoutSeconds: 60,
    try: "see whether the agent runs: scripts/status",
  };
}

/** Takes provider, profile and notes away, whatever of them is left. From a sandbox of somebody else's nothing is detached. */
export function deleteRoute(sandbox: string, { detach }: { readonly detach: boolean }): Command {
  const gone = ["route", "profile", "profileNote", "startedWith", "answersAs", "ledSince"] as const;
  const folder = quote(paths.led(sandbox));
  return {
    title: `delete the inference provider ${providerName(sandbox)}`,
    script: `${detach ? detachment(sandbox) : ":"}
if ${openshell("provider", "get", providerName(sandbox))} >/dev/null 2>&1; then ${openshell("provider", "delete", providerName(sandbox))} >/dev/null; fi
${openshell("provider", "profile", "delete", profileName(sandbox))} >/dev/null 2>&1 || :
rm -f ${gone.map((name) => quote(paths[name](sandbox))).join(" ")}
test ! -d ${folder} || rm -f ${folder}/route.json`,
    shown: shown("provider", "delete", providerName(sandbox)),
    timeoutSeconds: 60,
  };
}
