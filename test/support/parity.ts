import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { parse } from "yaml";
import { type Policy, policySchema } from "../../policies/policy.ts";

/** A request, with everything that the table leaves out filled in. */
export interface ParityRequest {
  readonly method: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly connect: boolean;
  readonly upgrade: boolean;
  /** What the Host field says, where it is not the place that the request line names. */
  readonly hostField?: string;
  readonly verdict: Verdict;
}

export type Verdict = "allowed" | "refused";

/** One policy, in the form that our runtimes are given it, and what it says of requests. */
export interface ParityCase {
  readonly name: string;
  readonly policies: NonNullable<Policy["network_policies"]>;
  readonly requests: readonly ParityRequest[];
}

export interface ParityPath {
  readonly path: string;
  /** Where it is outside, as a path inside the sandbox has it. */
  readonly at: string;
  readonly outside: boolean;
}

/** A row of the table of what differs: part of a policy, and what each runtime makes of it. */
export interface ParityDifference {
  readonly accept: string;
  readonly refusedBy: "embedded" | "openshell" | "both";
  readonly policy: Policy;
  /** A request that tells the runtimes apart. */
  readonly request?: ParityRequest & Record<"embedded" | "openshell", Verdict>;
  /** A path that does: whether what is written there is outside. */
  readonly path?: { readonly path: string } & Record<"embedded" | "openshell", boolean>;
}

/** A request that tells the runtimes apart, and that no preview can ask about. */
export interface ParityUnasked {
  readonly name: string;
  readonly policies: ParityCase["policies"];
  readonly request: NonNullable<ParityDifference["request"]>;
}

interface Written {
  readonly verdicts: {
    readonly name: string;
    readonly policies: Record<string, { endpoints: object[] }>;
    readonly requests: Partial<ParityRequest>[];
  }[];
  readonly paths: (Omit<ParityPath, "at"> & { at?: string })[];
  readonly differences: (Omit<ParityDifference, "policy" | "request"> & {
    policies?: Record<string, { endpoints: object[] }>;
    request?: Partial<ParityDifference["request"]>;
  })[];
  readonly unasked: {
    readonly name: string;
    readonly policies: Record<string, { endpoints: object[] }>;
    readonly request: Partial<ParityUnasked["request"]>;
  }[];
}

const written = parse(readFileSync("test/fixtures/parity.yaml", "utf8")) as Written;

const usual = { method: "GET", host: "demo.nemoclaw.internal", port: 8080, path: "/", connect: false, upgrade: false };

/** The first table of `test/fixtures/parity.yaml`. */
export const parityCases: readonly ParityCase[] = written.verdicts.map(({ name, policies, requests }) => ({
  name,
  policies: networkOf(policies),
  requests: requests.map((request) => ({ ...usual, ...request }) as ParityRequest),
}));

/** The table of differences. */
export const parityDifferences: readonly ParityDifference[] = written.differences.map(
  ({ accept, refusedBy, policies = {}, request, path, ...rest }) => ({
    ...{ accept, refusedBy, path },
    policy: policySchema.parse({ version: 1, ...rest, network_policies: networkOf(policies) }),
    ...(request && { request: { ...usual, ...request } as ParityDifference["request"] }),
  }),
);

/** The table of differences that no preview can ask about. */
export const parityUnasked: readonly ParityUnasked[] = written.unasked.map(({ name, policies, request }) => ({
  name,
  policies: networkOf(policies),
  request: { ...usual, ...request } as ParityUnasked["request"],
}));

// The same policy for both runtimes, read as a stack's policy file is.
function networkOf(policies: Record<string, { endpoints: object[] }>): ParityCase["policies"] {
  const blocks = Object.entries(policies).map(([name, block]) => [name, { binaries: ["/**"], ...block }] as const);
  return policySchema.parse({ version: 1, network_policies: Object.fromEntries(blocks) }).network_policies ?? {};
}

/** The table of paths. */
export const parityPaths: readonly ParityPath[] = written.paths.map((row) => ({ ...row, at: row.at ?? row.path }));

/** Names of the table that have to lead to the demo model, for otherwise a refusal could be the name service's. */
export const parityNames = [
  ...new Set(parityCases.flatMap(({ requests }) => requests.map(({ host }) => host.toLowerCase()))),
].filter((host) => isIP(host) === 0 && /^[a-z].*[a-z]$/.test(host));

/** A request as a person would say it. */
export function said(request: Omit<ParityRequest, "verdict">): string {
  const { method, host, port, path, connect, upgrade, hostField } = request;
  const way = `${connect ? " inside a tunnel" : ""}${upgrade ? " as a WebSocket" : ""}`;
  return `${method} ${host}:${port}${path}${way}${hostField ? ` with the Host ${hostField}` : ""}`;
}

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** Shell that makes requests with curl and prints a line for each: its status, the proxy's to CONNECT, and the body's start. */
export function askAll(requests: readonly ParityRequest[]): string {
  const asked = requests.map(({ method, host, port, path, connect, upgrade, hostField }) => {
    const origin = `http://${host}:${port}`;
    const socket = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];
    const words = [
      ...(method === "HEAD" ? ["--head"] : ["--request", method]),
      ...(/^(POST|PUT|PATCH)$/.test(method) ? ["--header", "Content-Type: application/json", "--data", "{}"] : []),
      ...(upgrade
        ? [...socket, "Sec-WebSocket-Key: cGFyaXR5IHRhYmxlIGtleQ=="].flatMap((field) => ["--header", field])
        : []),
      ...(hostField ? ["--header", `Host: ${hostField}`] : []),
      ...(connect ? ["--proxytunnel"] : []),
      // The target as it stands, for curl tidies URLs.
      ...["--path-as-is", "--request-target", connect ? path : `${origin}${path}`, `${origin}/`],
    ];
    return `ask ${words.map(quote).join(" ")}`;
  });
  return `body=$(mktemp)
ask() {
  : >"$body"
  said=$(curl --silent --max-time 20 --noproxy '' --proxy "$http_proxy" --output "$body" --write-out '%{http_code} %{http_connect}' "$@") || :
  echo "$said $(head -c 300 "$body" | tr -d '\\n\\r')"
}
${asked.join("\n")}
rm -f "$body"
`;
}

/**
 * What a line of {@link askAll} says. Refused is what a proxy answers itself, with a word for its reason; what came from the
 * demo model was let through.
 */
export function verdictOf({ method }: ParityRequest, line: string): Verdict | string {
  const [, status = "", connect = "", body = ""] = /^(\d{3}) (\d{3}) (.*)$/.exec(line) ?? [];
  // What cannot be read gets no answer at all from OpenShell.
  if (status === "000" && /^(40[03]|[02]00)$/.test(connect)) return "refused";
  const ofProxy = method === "HEAD" || /"error": ?"/.test(body);
  if (/^40[03]$/.test(status) && ofProxy) return "refused";
  // A 5xx is what a proxy answers when nobody is there.
  return /^[1-5]/.test(status) ? "allowed" : `neither: ${line}`;
}

/** Shell that tries to write every path of the table, from inside a sandbox. */
export function writeAll(): string {
  const tries = parityPaths.map(({ path }) => {
    const folder = quote(path.slice(0, path.lastIndexOf("/")) || "/");
    return `( mkdir -p ${folder} && echo parity >${quote(path)} ) 2>/dev/null`;
  });
  return ["ln -sfn /etc /sandbox/link-to-etc", ...tries, "echo tried"].join("\n");
}

/** Shell that prints the paths of the table that are there outside, on the machine. */
export function findAll(): string {
  return parityPaths
    .map(({ path, at }) => {
      const outside = at.replace(/^\/sandbox\//, "/var/lib/nemoclaw/main/workspace/");
      return `test ! -e ${quote(outside)} || echo ${quote(path)}`;
    })
    .join("\n");
}
