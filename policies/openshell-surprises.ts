import type { Finding } from "./finding.ts";
import { isNamedWhole } from "./named-whole.ts";
import { type Endpoint, type Policy, portsOf } from "./policy.ts";
import { propertyPath } from "./property-path.ts";

/**
 * Where OpenShell takes a policy for more or less than what is written, and the embedded runtime does not; each was seen on a
 * real build, by `test/e2e/openshell-parity.test.ts`.
 */
export function* surprises(policy: Policy): Generator<Finding> {
  yield* islands(policy);
  const { network_policies = {} } = policy;
  const all = Object.values(network_policies).flatMap(({ endpoints }) => endpoints);
  for (const [name, { endpoints }] of Object.entries(network_policies)) {
    for (const [index, endpoint] of endpoints.entries()) {
      yield* ofEndpoint(endpoint, all, ["network_policies", name, "endpoints", index]);
    }
  }
}

// Landlock only ever adds: what may be written in a folder may be written in all that is below.
function* islands({ filesystem_policy: { include_workdir, read_only = [], read_write = [] } = {} }: Policy) {
  const writable = [...read_write, ...(include_workdir ? ["/sandbox"] : [])];
  for (const [index, path] of read_only.entries()) {
    const around = writable.find((folder) => path.startsWith(`${folder}/`));
    if (around === undefined) continue;
    const message = `${path} can be written, as all of ${around} can`;
    yield { accept: "nesting", path: propertyPath(["filesystem_policy", "read_only", index]), message };
  }
}

/** Ports that OpenShell never connects to: of etcd, Kubernetes and its kubelets. */
const control = [2379, 2380, 6443, 10250, 10255];

function* ofEndpoint(endpoint: Endpoint, all: readonly Endpoint[], at: readonly PropertyKey[]): Generator<Finding> {
  const { host, path, allowed_ips } = endpoint;
  if (host !== undefined && allowed_ips === undefined && isInside(host)) {
    const message = `${host} is reached at private addresses too, although no allowed_ips lists them`;
    yield { accept: "private-addresses", path: propertyPath([...at, "host"]), message };
  }
  const shut = portsOf(endpoint).filter((port) => control.includes(port));
  // A wildcard without addresses is the one thing that it does not look at the port for.
  if (shut.length > 0 && (allowed_ips !== undefined || !host?.includes("*"))) {
    const field = endpoint.ports === undefined ? "port" : "ports";
    const message = `port ${shut.join(", ")} stays shut: it belongs to a cluster's control plane`;
    yield { accept: "control-ports", path: propertyPath([...at, field]), message };
  }
  if (path !== undefined && readOtherwise(path, endpoint, all)) {
    const message = /\/\*\*$/.test(path)
      ? `what is before /** in ${path} is taken literally, so no request is handled by this endpoint`
      : `in ${path} a wildcard also stands for a slash, so this endpoint says how deeper paths are handled too`;
    yield { accept: "endpoint-paths", path: propertyPath([...at, "path"]), message };
  }
}

// A name that no public name service knows, as far as the name tells.
function isInside(host: string): boolean {
  if (!isNamedWhole(host)) return false;
  return !host.includes(".") || /\.(internal|intranet|private|local|localdomain|lan|corp|home|home\.arpa)$/.test(host);
}

// Which endpoint handles a request only matters where endpoints differ in how they do.
function readOtherwise(path: string, endpoint: Endpoint, all: readonly Endpoint[]): boolean {
  const literal = path.replace(/(^|\/)\*\*$/, "");
  if (!/[*?[]/.test(literal)) return false;
  if (path.endsWith("/**")) return true;
  const ports = portsOf(endpoint);
  return all.some(
    (other) =>
      portsOf(other).some((port) => ports.includes(port)) &&
      (other.enforcement === "audit" || other.allow_encoded_slash === true || other.protocol !== endpoint.protocol),
  );
}
