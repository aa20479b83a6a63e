#!/usr/bin/env node
// A stand-in for cloudflared, for tests without Cloudflare: it takes the arguments of the real one that our units use, checks
// what the real one checks (a readable token file that holds a token), and answers on its metrics port as the real one does.
// It carries no traffic.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const words = process.argv.slice(2);
if (words.includes("--version")) {
  console.log("cloudflared version 0.0.0 (stand-in)");
  process.exit(0);
}
if (words.shift() !== "tunnel") fail("the stand-in knows only: cloudflared tunnel …");
if (words.includes("--token")) fail("a token must not be an argument");

const metrics = option("--metrics") ?? "127.0.0.1:20241";
const named = words.includes("run");
if (named) readToken();
else if (option("--url") === undefined) fail("neither `run` nor --url was given");

const connectorId = randomUUID();
// Another name at each start, as the real one has.
const hostname = named ? "" : `stand-in-${connectorId.slice(0, 8)}.trycloudflare.com`;
const readyAt = Date.now() + 300;

const [host, port] = metrics.split(":");
const server = createServer((request, response) => {
  if (request.url === "/ready") {
    const readyConnections = Date.now() < readyAt ? 0 : named ? 4 : 1;
    const status = readyConnections > 0 ? 200 : 503;
    response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
    response.end(JSON.stringify({ status, readyConnections, connectorId }));
  } else if (request.url === "/quicktunnel") response.end(JSON.stringify({ hostname }));
  else if (request.url === "/healthcheck") response.end("OK\n");
  else response.writeHead(404).end("404 page not found\n");
});
server.on("error", (error) => fail(`the metrics server: ${error.message}`));
server.listen(Number(port), host, () => {
  console.error(`INF (stand-in) Starting metrics server on ${metrics}/metrics`);
  if (!named) console.error(`INF (stand-in) Your quick Tunnel has been created! https://${hostname}`);
});
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => process.exit(0));

function option(name) {
  const at = words.indexOf(name);
  return at < 0 ? undefined : words[at + 1];
}

function readToken() {
  const path = option("--token-file");
  if (path === undefined) fail('"cloudflared tunnel run" requires the ID or name of the tunnel to run');
  let text;
  try {
    text = readFileSync(path, "utf8").trim();
  } catch (error) {
    fail(`Failed to read token file: ${error.message}`);
  }
  try {
    const { a, s, t } = JSON.parse(Buffer.from(text, "base64").toString("utf8"));
    if (![a, s, t].every((part) => typeof part === "string" && part !== "")) throw new Error("a part is missing");
  } catch {
    fail("Provided Tunnel token is not valid.");
  }
}

function fail(message) {
  console.error(`ERR (stand-in) ${message}`);
  process.exit(1);
}
