import { isIP } from "node:net";
import { type Check, check } from "./check.ts";

const label = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/;

/** What is wrong with an endpoint's host, already in lower case; empty when nothing is. */
export function checkHost(host: string): Check[] {
  if (isIP(host) !== 0) return [];
  if (host === "inference.local") {
    return [check([], "inference.local belongs to the inference route, and is always open", "no endpoint for it")];
  }
  if (host.includes("://") || host.includes("/")) {
    const bare = host.replace(/^[a-z+]+:\/\//, "").replace(/[/:].*$/, "");
    return [check([], `${JSON.stringify(host)} is a URL, not a host`, `host: ${bare}, and path for the rest`)];
  }
  if (/^[^:]+:\d+$/.test(host)) {
    const [name, port] = host.split(":");
    return [check([], `${JSON.stringify(host)} names a port`, `host: ${name} and port: ${port}`)];
  }
  return host.includes("*") ? checkWildcard(host) : checkName(host);
}

function checkName(host: string): Check[] {
  if (host.split(".").every((part) => part.length <= 63 && label.test(part)) && host.length <= 253) return [];
  const instead = host.endsWith(".") ? host.slice(0, -1) : "a name such as api.example.com, or an address";
  return [check([], `${JSON.stringify(host)} is not a host name`, instead)];
}

function checkWildcard(host: string): Check[] {
  const [first = "", ...rest] = host.split(".");
  const parent = rest.join(".");
  if (rest.some((part) => part.includes("*"))) {
    const instead = `a wildcard in the first label: *.${parent.slice(parent.lastIndexOf("*") + 1).replace(/^[^.]*\./, "")}`;
    return [check([], `${JSON.stringify(host)} has a wildcard after the first label`, instead)];
  }
  if (rest.length < 2) {
    const message = `${JSON.stringify(host)} would match ${rest.length === 0 ? "every host" : `all of .${parent}`}`;
    return [check([], message, `at least two names after the wildcard: *.example.${parent || "com"}`)];
  }
  if (first.includes("**") && first !== "**") {
    return [check([], `${JSON.stringify(host)} mixes ** with other characters`, `**.${parent}`)];
  }
  if (!/^[a-z0-9_*-]+$/.test(first)) {
    return [check([], `${JSON.stringify(host)} has a wildcard form that is not known`, `*.${parent}`)];
  }
  return checkName(parent);
}
