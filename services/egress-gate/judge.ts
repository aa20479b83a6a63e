import { type Endpoint, inferenceHost, type Policy } from "./policy.ts";
import { hasEncodedSlash } from "./request-target.ts";
import { allows, denies, type Request, textMessage } from "./rule.ts";

/** What is done with a connection or a request, and why. */
export interface Verdict {
  readonly decision: "allow" | "deny" | "audit";
  /** The block of the policy that decided, where one did. */
  readonly policy?: string;
  /** The rule in it. */
  readonly rule?: string;
  readonly reason: string;
}

/** A destination: a host in its canonical spelling, and a port. */
export interface Destination {
  readonly host: string;
  readonly port: number;
}

/** How a connection is treated before its first request is seen. */
export interface ConnectionVerdict extends Verdict {
  /** Whether requests on it are looked at one by one. */
  readonly inspected: boolean;
}

const toRoute: readonly (readonly [string, string])[] = [
  ["POST", "/v1/chat/completions"],
  ["POST", "/v1/responses"],
  ["POST", "/v1/embeddings"],
  ["GET", "/v1/models"],
];

/** The endpoints that speak of a destination. */
export function endpointsOf(policy: Policy, { host, port }: Destination): Endpoint[] {
  return policy.filter((endpoint) => endpoint.ports.includes(port) && endpoint.host(host));
}

/** Whether a destination is the inference route. */
export function isRoute({ host, port }: Destination): boolean {
  return host === inferenceHost && port === 80;
}

/** What the rules say about a destination, as one text that changes when they do. */
export function signatureOf(policy: Policy, destination: Destination): string {
  if (isRoute(destination)) return inferenceHost;
  return endpointsOf(policy, destination)
    .map((endpoint) => endpoint.signature)
    .join("\n");
}

/** What the endpoints of a destination say about its addresses. */
export function addressesOf(policy: Policy, destination: Destination): { allowedIps: string[]; named: boolean } {
  const endpoints = endpointsOf(policy, destination);
  return {
    allowedIps: endpoints.flatMap((endpoint) => endpoint.allowedIps),
    named: endpoints.some((endpoint) => endpoint.named),
  };
}

/** Judges a connection by its destination alone. */
export function judgeConnection(policy: Policy, destination: Destination): ConnectionVerdict {
  const { host, port } = destination;
  if (isRoute(destination)) {
    return { decision: "allow", policy: inferenceHost, reason: "the inference route", inspected: true };
  }
  const endpoints = endpointsOf(policy, destination);
  const first = endpoints[0];
  if (host === inferenceHost || !first) {
    return { decision: "deny", reason: `no endpoint of the policy names ${host}:${port}`, inspected: false };
  }
  const inspected = endpoints.some(({ protocol }) => protocol !== undefined);
  const rule = inspected ? "its requests are judged one by one" : "no protocol: the whole endpoint";
  return { decision: "allow", policy: first.policy, rule, reason: `${first.policy} names ${host}:${port}`, inspected };
}

/** A request as the judge sees it. `upgrade` tells whether it asks to become a WebSocket. */
export interface JudgedRequest extends Request {
  readonly upgrade?: boolean;
}

/**
 * Judges one request on a connection that is inspected, or any request in plain HTTP. A rule that denies wins over all that
 * allow; what no rule allows is refused, or written down where the closest endpoint only audits.
 */
export function judgeRequest(policy: Policy, destination: Destination, request: JudgedRequest): Verdict {
  const { inspected, ...connection } = judgeConnection(policy, destination);
  if (connection.decision === "deny") return connection;
  if (isRoute(destination)) return judgeRouted(request);
  if (!inspected) return hasEncodedSlash(request.path) ? encodedSlash(connection.policy, request) : connection;
  return judgeByRules(endpointsOf(policy, destination), destination, request);
}

function judgeRouted({ method, path }: JudgedRequest): Verdict {
  const known = toRoute.some(([one, other]) => one === method && other === path);
  const rule = known ? `${method} ${path}` : undefined;
  const reason = known ? "the inference route" : `${inferenceHost} does not serve ${method} ${path}`;
  return { decision: known ? "allow" : "deny", policy: inferenceHost, ...(rule ? { rule } : {}), reason };
}

function judgeByRules(endpoints: Endpoint[], { host, port }: Destination, request: JudgedRequest): Verdict {
  const { method, path } = request;
  const asked = `${method} ${path} on ${host}:${port}`;
  const about = endpoints.filter((endpoint) => endpoint.protocol !== undefined && concerns(endpoint, path));
  const closest = closestOf(endpoints, path);
  const first = closest[0];
  if (!first) return { decision: "deny", reason: `no endpoint of the policy is about ${asked}` };
  if (hasEncodedSlash(path) && !closest.every((endpoint) => endpoint.encodedSlash)) {
    return encodedSlash(first.policy, request);
  }

  if (!request.upgrade && method !== textMessage && closest.every(({ protocol }) => protocol === "websocket")) {
    return { decision: "deny", policy: first.policy, reason: `${host}:${port} takes WebSocket connections only` };
  }
  const refused = closest.every(({ audit }) => audit) ? "audit" : "deny";
  for (const endpoint of about) {
    const rule = endpoint.deny.find((deny) => denies(deny, request));
    if (rule) {
      const reason = `${rule.name} of ${endpoint.policy} denies ${asked}`;
      return { decision: refused, policy: endpoint.policy, rule: rule.name, reason };
    }
  }
  for (const endpoint of about) {
    const rule = endpoint.allow.find((allow) => allows(allow, request));
    if (rule) {
      const reason = `${rule.name} of ${endpoint.policy} allows ${asked}`;
      return { decision: "allow", policy: endpoint.policy, rule: rule.name, reason };
    }
  }
  return { decision: refused, policy: first.policy, reason: `no rule of ${first.policy} allows ${asked}` };
}

/**
 * Judges the text messages that a client may send on a WebSocket it opened with this request. Nothing when no endpoint asks
 * for them to be looked at.
 */
export function judgeMessages(policy: Policy, destination: Destination, request: Request): Verdict | undefined {
  const closest = closestOf(endpointsOf(policy, destination), request.path);
  if (closest.every(({ protocol }) => protocol !== "websocket")) return undefined;
  return judgeRequest(policy, destination, { ...request, method: textMessage });
}

function closestOf(endpoints: readonly Endpoint[], path: string): Endpoint[] {
  const inspected = endpoints.filter(({ protocol, handles }) => protocol !== undefined && handles(path));
  const nearest = Math.max(...inspected.map(({ closeness }) => closeness));
  return inspected.filter(({ closeness }) => closeness === nearest);
}

// Not even where requests are only watched: what a server makes of it cannot be told.
function encodedSlash(policy: string | undefined, { method, path }: JudgedRequest): Verdict {
  return { decision: "deny", policy, reason: `${method} ${path} has an encoded slash, and the endpoint takes none` };
}

function concerns(endpoint: Endpoint, path: string): boolean {
  return endpoint.path === undefined || endpoint.path.test(path);
}
