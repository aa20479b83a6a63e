import { type Command, quote } from "../command.ts";
import { Sensitive } from "../sensitive.ts";
import { paths } from "./embedded/paths.ts";
import type { RouteSpec } from "./runtime.ts";

export interface AskOptions {
  /**
   * Lines of shell that say where the service is asked from. They know `$host` and `$port`, and may set `$enter`, the words
   * before curl, and `$address`, what the host is called there; `cannot_connect` may say more when curl cannot.
   * @default the machine, by its own names
   */
  readonly from?: string;
  /** A file that takes what the service calls the model, which may be another name than it is asked by. */
  readonly note?: string;
}

/**
 * Asks a service for a short answer, as the agent will, before the agent is led there; a plan has it first, so that without an
 * answer nothing has been touched. The key reaches curl by its standard input.
 */
export function askService(
  { baseUrl, model, key }: Pick<RouteSpec, "baseUrl" | "model" | "key">,
  options: AskOptions = {},
): Command {
  const url = new URL(`${baseUrl.replace(/\/+$/, "")}/chat/completions`);
  const port = url.port || (url.protocol === "http:" ? "80" : "443");
  const question = (limit: string) =>
    quote(JSON.stringify({ model, messages: [{ role: "user", content: "ping" }], [limit]: 32 }));
  return {
    title: `ask ${url.host} for an answer of ${model}`,
    script: `key=$(cat)
host=${quote(url.hostname.replace(/^\[|\]$/g, ""))} port=${port} enter= address= nl='
'
cannot_connect() { :; }
${options.from ?? ""}
ask() {
  set -- --config - --silent --show-error --noproxy '*' --connect-timeout 20 --max-time 90 --write-out '\\n%{http_code}' \\
    --header 'Content-Type: application/json' --data-raw "$1"
  # An address needs no other, and curl reads none of version 6 there.
  case "$host" in *:*) ;; *) test -z "$address" || set -- "$@" --resolve "$host:$port:$address" ;; esac
  { test -z "$key" || printf 'header = "Authorization: Bearer %s"\\n' "$(printf %s "$key" | sed 's/[\\\\"]/\\\\&/g')"; } |
    $enter curl "$@" ${quote(url.href)}
}
said=$(ask ${question("max_completion_tokens")}) || { cannot_connect; exit 1; }
# Newer services refuse the one name of the limit, older ones the other.
case "$said" in *max_completion_tokens*"$nl"4??) said=$(ask ${question("max_tokens")}) || { cannot_connect; exit 1; } ;; esac
printf %s "$said" | ${paths.node} -e ${quote(judge)} ${quote(model)} ${quote(options.note ?? "")}`,
    stdin: new Sensitive(key ?? ""),
    shown: `curl ${url.href}`,
    timeoutSeconds: 220,
    try: "the agent is led as before; correct baseUrl, model or key, or take the service unasked with inference.verify: false",
  };
}

/** Reads an answer with its status on the last line, and notes what the model is called in it. */
const judge = `
const [model, path] = process.argv.slice(1);
const said = require("node:fs").readFileSync(0, "utf8");
const [status, body] = [said.slice(said.lastIndexOf("\\n") + 1), said.slice(0, said.lastIndexOf("\\n"))];
const words = body.replace(/\\s+/g, " ").trim().slice(0, 600);
const fail = (why) => { console.log(why + (words ? ": " + words : "")); process.exit(1); };
if (!/^2/.test(status)) fail("the service said " + status);
let answer;
try { answer = JSON.parse(body); } catch {}
if (!Array.isArray(answer?.choices)) fail("the service said " + status + ", and what it said is no answer of a model");
if (path) {
  const text = JSON.stringify({ model, answersAs: answer.model });
  const fs = require("node:fs");
  fs.mkdirSync(require("node:path").dirname(path), { recursive: true, mode: 0o755 });
  fs.writeFileSync(path + ".new", text + "\\n");
  fs.renameSync(path + ".new", path);
}`;
