import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { canonicalHost } from "../../policies/canonical-host.ts";
import type { Destination } from "./judge.ts";
import { type RequestTarget, readTarget } from "./request-target.ts";

/** Where the requests of a tunnel go; fixed when it was opened. */
export interface Tunnel {
  readonly destination: Destination;
  readonly scheme: "http" | "https";
}

/** A request that has been read in only one possible way. */
export interface ReadRequest extends Tunnel {
  readonly target: RequestTarget;
  /** The path and query as they came. */
  readonly rawTarget: string;
  /** What is sent on: without the fields that belong to this connection. */
  readonly headers: OutgoingHttpHeaders;
}

/** A request that is not understood, or could be understood in two ways. */
export class BadRequest extends Error {
  readonly destination?: Destination;
  constructor(message: string, destination?: Destination) {
    super(message);
    if (destination) this.destination = destination;
  }
}

const ofThisConnection = new Set([
  ...["connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization"],
  ...["te", "trailer", "transfer-encoding", "upgrade", "expect", "host"],
]);

/**
 * Reads where a request goes and what it asks for.
 *
 * @param tunnel absent on the proxy port itself, where the request line holds the whole address
 * @throws BadRequest
 */
export function readRequest(request: IncomingMessage, tunnel: Tunnel | undefined): ReadRequest {
  const url = request.url ?? "";
  const absolute = /^(https?):\/\/([^/?#]*)(.*)$/is.exec(url);
  if (!absolute && !tunnel) throw new BadRequest("this is a proxy: send http://host/path, or CONNECT host:port");
  const scheme = tunnel?.scheme ?? "http";
  const named = absolute ? readAuthority(absolute[2] ?? "", scheme) : undefined;
  const destination = tunnel?.destination ?? named;
  if (!destination) throw new BadRequest(`${absolute?.[2]} is not a host`);
  const wrong = (message: string) => new BadRequest(message, destination);
  if (absolute && (absolute[1]?.toLowerCase() !== scheme || !same(named, destination))) {
    throw wrong(`the request line names ${absolute[1]}://${absolute[2]}, and not the place it is sent to`);
  }
  const hosts = request.rawHeaders.filter(
    (_, index, all) => index % 2 === 1 && all[index - 1]?.toLowerCase() === "host",
  );
  if (hosts.length !== 1) throw wrong(`the request has ${hosts.length} Host fields, and needs one`);
  if (!same(readAuthority(hosts[0] ?? "", scheme), destination)) {
    throw wrong(`Host says ${hosts[0]}, and the request goes to ${destination.host}:${destination.port}`);
  }
  const rest = absolute?.[3] ?? url;
  const rawTarget = rest.startsWith("/") ? rest : `/${rest}`;
  if (!absolute && !rest.startsWith("/")) throw wrong(`${request.method} ${rest} is not forwarded`);
  try {
    return { destination, scheme, target: readTarget(rawTarget), rawTarget, headers: headers(request) };
  } catch (error) {
    throw wrong((error as Error).message);
  }
}

/** Reads `host`, `host:port` or `[v6]:port`. */
export function readAuthority(text: string, scheme: "http" | "https"): Destination | undefined {
  const parts = /^(\[[^\]]*\]|[^:[\]@]*)(?::(\d{1,5}))?$/.exec(text);
  // A trailing dot is another spelling, which no rule has and which some servers take for another host.
  const host = parts && !parts[1]?.endsWith(".") ? canonicalHost(parts[1] ?? "") : undefined;
  const port = parts?.[2] === undefined ? (scheme === "https" ? 443 : 80) : Number(parts[2]);
  return host && port > 0 && port <= 65_535 ? { host, port } : undefined;
}

function same(one: Destination | undefined, other: Destination): boolean {
  return one?.host === other.host && one.port === other.port;
}

function headers(request: IncomingMessage): OutgoingHttpHeaders {
  const nominated = tokens(request.headers.connection);
  for (const name of ["host", "content-length", "transfer-encoding"]) {
    if (nominated.includes(name)) throw new Error(`Connection takes away ${name}, which says where the request ends`);
  }
  const encoding = request.headers["transfer-encoding"];
  if (encoding !== undefined && encoding.toLowerCase() !== "chunked") {
    throw new Error(`Transfer-Encoding ${encoding} is not forwarded, only chunked`);
  }
  if (encoding !== undefined && request.headers["content-length"] !== undefined) {
    throw new Error("the request has both Content-Length and Transfer-Encoding");
  }
  return {
    ...keep(request.rawHeaders, new Set([...ofThisConnection, ...nominated])),
    // Said outright, because a client may send a body with GET, and Node would send it on without an end.
    ...(encoding === undefined ? {} : { "transfer-encoding": "chunked" }),
  };
}

/** Fields of an answer that are sent on. */
export function answerHeaders(answer: IncomingMessage): OutgoingHttpHeaders {
  return keep(answer.rawHeaders, new Set([...ofThisConnection, ...tokens(answer.headers.connection)]));
}

function keep(raw: readonly string[], without: ReadonlySet<string>): OutgoingHttpHeaders {
  const kept = new Map<string, [name: string, values: string[]]>();
  for (let at = 0; at < raw.length; at += 2) {
    const [name = "", value = ""] = [raw[at], raw[at + 1]];
    const key = name.toLowerCase();
    if (without.has(key)) continue;
    const known = kept.get(key);
    if (known) known[1].push(value);
    else kept.set(key, [name, [value]]);
  }
  return Object.fromEntries([...kept.values()].map(([name, values]) => [name, values.length > 1 ? values : values[0]]));
}

function tokens(field: string | undefined): string[] {
  return (field ?? "").split(",").map((token) => token.trim().toLowerCase());
}
