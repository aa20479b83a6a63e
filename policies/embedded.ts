import type { Finding } from "./finding.ts";
import type { Endpoint, Policy } from "./policy.ts";
import { propertyPath } from "./property-path.ts";

/**
 * What the embedded runtime does not enforce as written, one finding for each thing. A stack takes such a thing knowingly
 * by listing its `accept` name under `runtime.accept`.
 */
export function unenforceable(policy: Policy): Finding[] {
  return [...filesystem(policy), ...identity(policy), ...network(policy), ...middlewares(policy)];
}

function finding(accept: string, path: readonly PropertyKey[], message: string): Finding {
  return { accept, path: propertyPath(path), message };
}

// bubblewrap makes these, and no other device.
const devices = [
  "null",
  "zero",
  "full",
  "random",
  "urandom",
  "tty",
  "pts",
  "ptmx",
  "shm",
  "stdin",
  "stdout",
  "stderr",
  "fd",
];

function* filesystem({
  filesystem_policy: { read_only = [], read_write = [] } = {},
  landlock,
}: Policy): Generator<Finding> {
  if (landlock?.compatibility === "hard_requirement") {
    const message =
      "paths are confined by mounts, not by Landlock, and a path that does not exist is left out in silence";
    yield finding("landlock", ["landlock", "compatibility"], message);
  }
  for (const [list, paths] of Object.entries({ read_only, read_write })) {
    for (const [index, path] of paths.entries()) {
      const at = ["filesystem_policy", list, index];
      const device = /^\/dev\/([^/]+)/.exec(path)?.[1];
      if (path === "/" || path === "/dev" || (device !== undefined && !devices.includes(device))) {
        yield finding("devices", at, `${path}: of /dev only the standard devices are there (${devices.join(", ")})`);
      }
      if (list === "read_write" && /^\/(proc|sys)(\/|$)/.test(path)) {
        yield finding("kernel-files", at, `${path} stays read-only`);
      }
    }
  }
  const listed = [...read_only, ...read_write];
  if (!listed.some((path) => path === "/proc" || path === "/")) {
    yield finding(
      "kernel-files",
      ["filesystem_policy"],
      "/proc is there although no list has it; it shows only the sandbox",
    );
  }
}

function* identity({ process = {} }: Policy): Generator<Finding> {
  for (const field of ["run_as_user", "run_as_group"] as const) {
    const value = process[field];
    if (value === undefined || value === "sandbox") continue;
    yield finding("process", ["process", field], `the agent runs as the sandbox's own user, not as ${value}`);
  }
}

function* network({ network_policies = {} }: Policy): Generator<Finding> {
  for (const [name, { endpoints, binaries }] of Object.entries(network_policies)) {
    const at = ["network_policies", name];
    if (!binaries.some(({ path }) => path === "/**")) {
      const message = `every program in the sandbox may reach these hosts, not only ${binaries.map(({ path }) => path).join(", ")}`;
      yield finding("binaries", [...at, "binaries"], message);
    }
    for (const [index, endpoint] of endpoints.entries()) yield* requests(endpoint, [...at, "endpoints", index]);
  }
}

function* requests(endpoint: Endpoint, at: readonly PropertyKey[]): Generator<Finding> {
  const { protocol, enforcement, host } = endpoint;
  if (protocol === "tcp") {
    yield finding("protocols", [...at, "protocol"], "there is no native TCP: a program must use the proxy, by CONNECT");
  } else if (protocol === "websocket") {
    yield finding("protocols", [...at, "protocol"], "WebSocket upgrades are refused, so nothing gets through");
  } else if (protocol !== undefined && protocol !== "rest") {
    yield finding("protocols", [...at, "protocol"], `${protocol} is not understood: every request is refused`);
  }
  if (enforcement === "audit" && protocol !== undefined) {
    yield finding("audit", [...at, "enforcement"], "what no rule allows is refused, not only written down");
  }
  if (host === undefined) {
    yield finding("hostless", [...at, "allowed_ips"], "an endpoint needs a host: this one opens nothing");
  }
  for (const field of credentialFields) {
    if (endpoint[field] === undefined || endpoint[field] === false) continue;
    yield finding("credentials", [...at, field], "there are no providers: requests go out as the agent wrote them");
  }
}

const credentialFields = [
  "websocket_credential_rewrite",
  "request_body_credential_rewrite",
  "credential_signing",
  "credential_binding",
] as const;

function* middlewares({ network_middlewares = {} }: Policy): Generator<Finding> {
  for (const name of Object.keys(network_middlewares)) {
    yield finding("middlewares", ["network_middlewares", name], "it is not run");
  }
}
