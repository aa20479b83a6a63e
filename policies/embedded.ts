import { deploymentFolders } from "./deployment-folders.ts";
import type { Finding } from "./finding.ts";
import type { Endpoint, Policy } from "./policy.ts";
import { propertyPath } from "./property-path.ts";

/**
 * What the embedded runtime does not enforce as written, one finding for each thing. A stack takes such a thing knowingly
 * by listing its `accept` name under `runtime.accept`; what then holds is {@link asEnforced} of the policy.
 */
export function unenforceable(policy: Policy): Finding[] {
  return [...filesystem(policy), ...identity(policy), ...network(policy), ...middlewares(policy)];
}

function finding(accept: string, path: readonly PropertyKey[], message: string): Finding {
  return { accept, path: propertyPath(path), message };
}

// bubblewrap makes these, and no other device.
const devices = ["null", "zero", "full", "random", "urandom", "tty", "pts", "ptmx", "shm", "fd"];

function* filesystem(policy: Policy): Generator<Finding> {
  const { filesystem_policy: { read_only = [], read_write = [] } = {}, landlock } = policy;
  if (landlock?.compatibility === "hard_requirement") {
    const message = "paths are confined by mounts, not by Landlock, and one that does not exist is left out in silence";
    yield finding("landlock", ["landlock", "compatibility"], message);
  }
  for (const [list, paths] of Object.entries({ read_only, read_write })) {
    for (const [index, path] of paths.entries()) {
      const at = ["filesystem_policy", list, index];
      const device = /^\/dev(\/([^/]+))?/.exec(path);
      if (path === "/" || (device && !devices.includes(device[2] ?? ""))) {
        yield finding("devices", at, `${path}: of /dev only ${devices.join(", ")} are there`);
      }
      if (/^\/sys(\/|$)/.test(path)) yield finding("kernel-files", at, `${path} is empty`);
      if (list === "read_write" && /^\/proc(\/|$)/.test(path)) {
        yield finding("kernel-files", at, `${path} takes no writes but those a process may make about itself`);
      }
      if (isHome(path)) yield finding("homes", at, `${path}: home folders are hidden`);
      if (isDeployment(path)) yield finding("deployment", at, `${path} is the deployment's own, which no policy opens`);
    }
  }
  for (const path of hemmedIn(policy)) {
    const at = ["filesystem_policy", "read_write", read_write.indexOf(path)];
    yield finding("nesting", at, `${path} is read-only, as the folder around it, which is in a writable one`);
  }
  if (![...read_only, ...read_write].some((path) => path === "/proc" || path === "/")) {
    const message = "/proc is there although no list has it; it shows only the sandbox's own processes";
    yield finding("kernel-files", ["filesystem_policy"], message);
  }
}

/** Paths that are hidden, whatever a policy lists. */
export const isHidden = (path: string): boolean => isHome(path) || isDeployment(path);

// The folder is /run under either name.
const bare = (path: string) => path.replace(/^\/var\/run(?=\/)/, "/run");
const isHome = (path: string) => /^\/(home|root|run\/user)(\/|$)/.test(bare(path));
const isDeployment = (path: string) => deploymentFolders.some((folder) => `${bare(path)}/`.startsWith(`${folder}/`));

/** Writable paths inside a read-only one that is itself inside a writable one: no list of bubblewrap's says that. */
export function hemmedIn({ filesystem_policy: { read_only = [], read_write = [] } = {} }: Policy): string[] {
  const below = (path: string, parent: string) => path.startsWith(`${parent}/`);
  const islands = read_only.filter((path) => read_write.some((parent) => below(path, parent)));
  return read_write.filter((path) => islands.some((parent) => below(path, parent)));
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
      const some = binaries.map(({ path }) => path).join(", ");
      yield finding(
        "binaries",
        [...at, "binaries"],
        `every program in the sandbox may reach these hosts, not only ${some}`,
      );
    }
    for (const [index, endpoint] of endpoints.entries()) yield* requests(endpoint, [...at, "endpoints", index]);
  }
}

function* requests(endpoint: Endpoint, at: readonly PropertyKey[]): Generator<Finding> {
  const { protocol } = endpoint;
  if (protocol === "tcp") {
    const message = "there is no native TCP: a program must ask the proxy for the connection, by CONNECT";
    yield finding("protocols", [...at, "protocol"], message);
  } else if (!understood(endpoint)) {
    const what = protocol === "websocket" ? "GraphQL over WebSocket" : protocol;
    yield finding("protocols", [...at, "protocol"], `${what} is not understood: this endpoint stays shut`);
  }
  for (const field of credentialFields) {
    if (endpoint[field] === undefined || endpoint[field] === false) continue;
    yield finding("credentials", [...at, field], "there are no providers: requests go out as the agent wrote them");
  }
}

/** Whether the gate can judge the requests of an endpoint. */
export function understood({ protocol, rules = [], deny_rules = [], ...more }: Endpoint): boolean {
  if (protocol === undefined || protocol === "rest" || protocol === "tcp") return true;
  if (protocol !== "websocket") return false;
  const all = [...rules.map(({ allow }) => allow), ...deny_rules];
  if (more.persisted_queries !== undefined || more.graphql_persisted_queries !== undefined) return false;
  return more.graphql_max_body_bytes === undefined && all.every(({ operation_type }) => operation_type === undefined);
}

/** What OpenShell's providers do to a request on its way. */
export const credentialFields = [
  "websocket_credential_rewrite",
  "request_body_credential_rewrite",
  "credential_signing",
  "signing_service",
  "signing_region",
  "credential_binding",
] as const;

function* middlewares({ network_middlewares = {} }: Policy): Generator<Finding> {
  for (const name of Object.keys(network_middlewares)) {
    yield finding("middlewares", ["network_middlewares", name], "it is not run");
  }
}
