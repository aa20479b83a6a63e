import { textAlphabet } from "./alphabet.ts";
import { containing, globAutomaton } from "./automaton.ts";
import { type Part, partition } from "./partition.ts";
import { pathAlphabet } from "./path-alphabet.ts";
import { nearestOf, type SideEndpoint, type SideRule } from "./side.ts";

/** What becomes of a request, and what decides so. */
export interface Outcome {
  readonly passes: boolean;
  /** Passes without a rule, and is only written down. */
  readonly audited: boolean;
  readonly endpoint?: SideEndpoint;
  readonly rule?: SideRule;
}

/** A set of requests that are all judged alike, before and after. */
export interface Judged {
  /** `*` stands for methods that no rule names. `UPGRADE` opens a WebSocket, `WEBSOCKET_TEXT` is a message on one. */
  readonly method: string;
  /** A path of the set. */
  readonly path: string;
  /** Query values of the set, as they stand in a URL. */
  readonly search: string;
  readonly before: Outcome;
  readonly after: Outcome;
}

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "*", "UPGRADE", "WEBSOCKET_TEXT"];
const mostQueries = 1024;

/**
 * Judges every request there can be to one destination under two lists of endpoints, by the rules of the egress gate.
 *
 * @returns undefined when there are too many different requests to go through
 */
export function judgeRequests(before: readonly SideEndpoint[], after: readonly SideEndpoint[]): Judged[] | undefined {
  const all = [...before, ...after];
  const rules = all.flatMap(({ allow, deny }) => [...allow, ...deny]);
  const chosen = all.flatMap(({ written: { path } }) => (path === undefined ? [] : [path, ...itself(path)]));
  const globs = [...new Set([...chosen, ...rules.map(({ path }) => path)])];
  // Where none is taken, no path with one passes on either side, which only a glob that spells one would hide.
  const slashes = all.some(({ written }) => written.allow_encoded_slash) || globs.some((glob) => glob.includes("%2F"));
  const automata = [...globs.map((glob) => globAutomaton(glob, "/")), ...(slashes ? [containing("%2F")] : [])];
  const paths = partition(automata, pathAlphabet);
  const queries = queryKinds(rules);
  if (paths === undefined || queries === undefined) return undefined;
  return paths.flatMap((part) => {
    const matches = (glob: string) => part.accepted[globs.indexOf(glob)] === true;
    const encoded = slashes && part.accepted.at(-1) === true;
    return methods.flatMap((method) =>
      queries.map((query): Judged => {
        const request = { method, matches, encoded, query };
        const { example: path } = part;
        return { method, path, search: query.search, before: judge(before, request), after: judge(after, request) };
      }),
    );
  });
}

interface Request {
  readonly method: string;
  readonly matches: (glob: string) => boolean;
  /** Whether the path has an encoded slash. */
  readonly encoded: boolean;
  readonly query: QueryKind;
}

const refused: Outcome = { passes: false, audited: false };

function judge(endpoints: readonly SideEndpoint[], request: Request): Outcome {
  const { method, encoded, matches } = request;
  const about = endpoints.filter(
    ({ inspected, written: { path } }) => inspected && (path === undefined || matches(path)),
  );
  const handling = endpoints.filter(
    ({ inspected, written: { path } }) => inspected && (path === undefined || [path, ...itself(path)].some(matches)),
  );
  const closest = nearestOf(handling);
  const first = closest[0];
  if (!first) return refused;
  if (encoded && !closest.every(({ written }) => written.allow_encoded_slash === true)) {
    return { ...refused, endpoint: first };
  }
  const sockets = closest.map(({ written }) => written.protocol === "websocket");
  if (method === "WEBSOCKET_TEXT") {
    const opened = judge(endpoints, { ...request, method: "UPGRADE" });
    if (!opened.passes || !sockets.includes(true)) return opened;
  } else if (method !== "UPGRADE" && !sockets.includes(false)) {
    return { ...refused, endpoint: first };
  }
  const asked = method === "UPGRADE" ? "GET" : method;
  const audited = closest.every(({ audit }) => audit);
  for (const endpoint of about) {
    const rule = endpoint.deny.find((deny) => sameKind(deny, asked, matches) && denies(deny, request.query));
    if (rule) return { passes: audited, audited, endpoint, rule };
  }
  for (const endpoint of about) {
    const rule = endpoint.allow.find((allow) => sameKind(allow, asked, matches) && allows(allow, request.query));
    if (rule) return { passes: true, audited: false, endpoint, rule };
  }
  return { passes: audited, audited, endpoint: first };
}

// `/a/**` says how /a is handled too, while a rule with that path is only about what is below.
function itself(path: string): string[] {
  const folder = path.endsWith("/**") ? path.slice(0, -"/**".length) : "";
  return folder === "" || folder === "**" ? [] : [folder];
}

function sameKind(rule: SideRule, method: string, matches: (glob: string) => boolean): boolean {
  const fits = rule.method === "*" || rule.method === method || (method === "HEAD" && rule.method === "GET");
  return fits && matches(rule.path);
}

/** Values by name; each value is known by the globs that match it. */
interface QueryKind {
  readonly values: ReadonlyMap<string, readonly ((glob: string) => boolean)[]>;
  readonly search: string;
}

function allows(rule: SideRule, { values }: QueryKind): boolean {
  return rule.query.every(([name, globs]) => {
    const given = values.get(name) ?? [];
    return given.length > 0 && given.every((matches) => globs.some(matches));
  });
}

function denies(rule: SideRule, { values }: QueryKind): boolean {
  return rule.query.every(([name, globs]) => values.get(name)?.some((matches) => globs.some(matches)));
}

// Each name is absent, or has any set of the kinds of values that the globs tell apart.
function queryKinds(rules: readonly SideRule[]): QueryKind[] | undefined {
  const globs = Map.groupBy(
    rules.flatMap(({ query }) => query.flatMap(([name, any]) => any.map((glob) => ({ name, glob })))),
    ({ name }) => name,
  );
  let kinds: QueryKind[] = [{ values: new Map(), search: "" }];
  for (const [name, named] of globs) {
    const patterns = [...new Set(named.map(({ glob }) => glob))];
    if (patterns.some((glob) => /[^\0-\x7f]/.test(glob))) return undefined;
    const parts = partition(
      patterns.map((glob) => globAutomaton(glob, ".")),
      textAlphabet,
    );
    if (parts === undefined || kinds.length * 2 ** parts.length > mostQueries) return undefined;
    kinds = kinds.flatMap((kind) => subsets(parts).map((chosen) => withValues(kind, name, patterns, chosen)));
  }
  return kinds;
}

function subsets(parts: readonly Part[]): Part[][] {
  let sets: Part[][] = [[]];
  for (const part of parts) sets = sets.concat(sets.map((set) => [...set, part]));
  return sets;
}

function withValues(kind: QueryKind, name: string, patterns: readonly string[], chosen: readonly Part[]): QueryKind {
  if (chosen.length === 0) return kind;
  const values = chosen.map(
    ({ accepted }) =>
      (glob: string) =>
        accepted[patterns.indexOf(glob)] === true,
  );
  const pairs = chosen.map(({ example }) => `${encodeURIComponent(name)}=${encodeURIComponent(example)}`);
  return {
    values: new Map([...kind.values, [name, values]]),
    search: [kind.search, ...pairs].filter((text) => text !== "").join("&"),
  };
}
