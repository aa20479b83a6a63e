import { quote } from "../../command.ts";
import { sha256 } from "../../steps/file-facts.ts";
import { observedJson } from "../../steps/text-file.ts";
import { paths as shared } from "../embedded/paths.ts";
import { openshell } from "./cli.ts";
import { removedWithoutGateway } from "./gateway-gone.ts";
import type { ProviderFacts } from "./inference-facts.ts";
import { paths } from "./paths.ts";

/** What we noted when we last set the provider: the gateway shows neither an address nor a key again. */
export interface ProviderNote {
  readonly id?: string;
  readonly resourceVersion?: number;
  readonly baseUrl?: string;
  readonly salt?: string;
  readonly keyHash?: string;
}

export const providerName = (sandbox: string) => `nemoclaw-${sandbox}`;

/** What the removal of a route says where nobody can be asked to delete the provider. */
export function providerLeft(sandbox: string): string {
  return removedWithoutGateway(`its inference provider ${providerName(sandbox)} ends with the gateway's database`);
}

export function noteOf(text: string | undefined): ProviderNote {
  return observedJson(text) as ProviderNote;
}

/** Whether nobody has changed the provider since we set it. */
export function isAsNoted(
  { id, resourceVersion }: Extract<ProviderFacts, { kind: "there" }>,
  note: ProviderNote,
): boolean {
  return note.id === id && note.resourceVersion === resourceVersion;
}

export function holdsKey(key: string | undefined, { salt = "", keyHash }: ProviderNote): boolean {
  return sha256(`${salt}${key ?? ""}`) === keyHash;
}

/** Lines of shell that note the provider as it now is, with the key in `$key` as a salted hash. */
export function noteProvider(sandbox: string, baseUrl: string): string {
  const words = [providerName(sandbox), baseUrl].map(quote).join(" ");
  return `umask 077
salt=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \\n')
hash=$(printf '%s%s' "$salt" "$key" | sha256sum | cut -d' ' -f1)
${openshell("provider", "list", "-o", "json")} | ${shared.node} -e ${quote(program)} ${words} "$salt" "$hash" ${quote(paths.route(sandbox))}`;
}

const program = `
const [name, baseUrl, salt, keyHash, path] = process.argv.slice(1);
const fs = require("node:fs");
const said = JSON.parse(fs.readFileSync(0, "utf8"));
const found = (said.providers ?? said).find((provider) => provider.name === name);
const text = JSON.stringify({ baseUrl, id: found.id, keyHash, resourceVersion: found.resource_version, salt }, null, 2);
fs.mkdirSync(require("node:path").dirname(path), { recursive: true, mode: 0o755 });
fs.writeFileSync(path + ".new", text + "\\n", { mode: 0o600 });
fs.renameSync(path + ".new", path);`;
