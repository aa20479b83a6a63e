import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalHost } from "../../policies/canonical-host.ts";
import { checkGlob } from "../../policies/glob.ts";
import { refuseAddress } from "../../policies/reachable-address.ts";
import { glob } from "../../services/egress-gate/glob.ts";
import { journal } from "../../services/egress-gate/journal.ts";
import { judgeConnection, judgeMessages, judgeRequest } from "../../services/egress-gate/judge.ts";
import { readPolicy } from "../../services/egress-gate/policy.ts";
import { readTarget } from "../../services/egress-gate/request-target.ts";

const policyOf = (...endpoints: object[]) =>
  readPolicy(JSON.stringify({ version: 1, network_policies: { test: { endpoints } } }));
const verdict = (endpoint: object, method: string, target: string, host = "api.example.com", port = 443) =>
  judgeRequest(
    policyOf({ host: "api.example.com", port: 443, protocol: "rest", ...endpoint }),
    { host, port },
    { method, ...readTarget(target) },
  );

describe("globs", () => {
  test.each([
    ["/a/*", "/a/b", true],
    ["/a/*", "/a/b/c", false],
    ["/a/*", "/a/", true],
    ["/a/**", "/a/b/c", true],
    ["/a/**", "/a/", true],
    ["/a/**", "/a", false],
    ["/a/**/z", "/a/z", true],
    ["/a/**/z", "/a/b/c/z", true],
    ["/a/**/z", "/a/bz", false],
    ["**", "/anything/at/all", true],
    ["/**", "/x/y", true],
    ["/**/info/refs*", "/o/r.git/info/refs", true],
    ["**/z", "/a/z", true],
    ["/v?", "/v1", true],
    ["/v?", "/v/", false],
    ["/v[0-9]", "/v1", true],
    ["/v[0-9]", "/vx", false],
    ["/v[!0-9]", "/vx", true],
    ["/a.b", "/aXb", false],
    ["/a\\*", "/a*", true],
    ["/a\\*", "/ab", false],
    ["/a**b", "/axyb", true],
    ["/a**b", "/ax/yb", false],
    ["/(a|b)+", "/a", false],
  ])("path %s on %s: %s", (pattern, path, expected) => {
    expect(glob(pattern, "/").test(path)).toBe(expected);
  });

  test.each([
    ["*.example.com", "api.example.com", true],
    ["*.example.com", "example.com", false],
    ["*.example.com", "a.b.example.com", false],
    ["**.example.com", "a.b.example.com", true],
    ["**.example.com", "example.com", false],
    ["*-api.example.com", "x-api.example.com", true],
    ["*-api.example.com", "x.api.example.com", false],
    ["*.example.com", "api-example.com", false],
  ])("host %s on %s: %s", (pattern, host, expected) => {
    expect(glob(pattern, ".").test(host)).toBe(expected);
  });

  test.each(["/a[", "/{a,b}", "/[z-a]"])("%s is an error", (pattern) => {
    expect(() => glob(pattern, "/")).toThrow();
  });

  test("whatever a policy's reader takes is none", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\/[a-c[\]!^\\*?.-]{0,8}$/), (pattern) => {
        fc.pre(checkGlob(pattern).length === 0);
        for (const separator of ["/", "."] as const) expect(() => glob(pattern, separator)).not.toThrow();
      }),
    );
  });

  const name = fc.stringMatching(/^[a-z0-9_-]{1,8}$/);

  test("a pattern without wildcards matches itself and nothing else", () => {
    fc.assert(
      fc.property(fc.array(name, { minLength: 1 }), fc.string(), (parts, other) => {
        const path = `/${parts.join("/")}`;
        expect(glob(path, "/").test(path)).toBe(true);
        if (other !== path) expect(glob(path, "/").test(other)).toBe(false);
      }),
    );
  });

  test("* takes one segment, ** takes any", () => {
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), (parts) => {
        const path = `/a/${parts.join("/")}`;
        expect(glob("/a/*", "/").test(path)).toBe(parts.length === 1);
        expect(glob("/a/**", "/").test(path)).toBe(true);
        expect(glob("*.example.com", ".").test(`${parts.join(".")}.example.com`)).toBe(parts.length === 1);
      }),
    );
  });
});

describe("request targets", () => {
  test.each([
    ["/a/./b", "/a/b"],
    ["/a/../b", "/b"],
    ["/a/%2e%2E/b", "/b"],
    ["//a///b", "/a/b"],
    ["/a;x=1/b", "/a/b"],
    ["/a/..;/b", "/b"],
    ["/a/", "/a/"],
    ["/a/..", "/"],
    ["/%61%2d", "/a-"],
    ["/a%20b", "/a%20b"],
    ["/%c3%a9", "/%C3%A9"],
    ["/a%2Fb", "/a%2Fb"],
  ])("%s is %s", (raw, path) => {
    expect(readTarget(raw).path).toBe(path);
  });

  test.each([
    "/..",
    "/a/../../b",
    "/%00",
    "/a%0ab",
    "/%zz",
    "/%",
    "/a#b",
    "/é",
    "*",
    "a/b",
    "/a%2F..%2Fb",
    "/?a=%ff",
    `/${"a".repeat(5000)}`,
  ])("%s is refused", (raw) => {
    expect(() => readTarget(raw)).toThrow();
  });

  test("reading is stable, and never leaves a way up", () => {
    const piece = fc.constantFrom("/", ".", "..", "%2e", "%2E", ";", "a", "b", "%2f", "%25", "%5c", "?", "=", "&");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        let read: ReturnType<typeof readTarget>;
        try {
          read = readTarget(`/${pieces.join("")}`);
        } catch {
          return;
        }
        expect(read.path).not.toMatch(/(^|\/|%2F)\.\.?(\/|%2F|$)|\/\/|;/);
        expect(readTarget(`${read.path}${read.search}`)).toEqual(read);
      }),
    );
  });
});

describe("hosts", () => {
  test.each([
    ["Example.COM.", "example.com"],
    ["127.1", "127.0.0.1"],
    ["0x7f.0.0.1", "127.0.0.1"],
    ["2130706433", "127.0.0.1"],
    ["017700000001", "127.0.0.1"],
    ["[::FFFF:127.0.0.1]", "127.0.0.1"],
    ["[2001:DB8::0:1]", "2001:db8::1"],
    ["xn--bcher-kva.example", "xn--bcher-kva.example"],
  ])("%s is %s", (text, host) => {
    expect(canonicalHost(text)).toBe(host);
  });

  test.each([
    "",
    ".",
    "a..b",
    "a b",
    "a%2eb",
    "256.1.1.1",
    "1.2.3.4.5",
    "[::1",
    "::1%lo",
    "user@host",
    "a/b",
    "a:1",
    "bücher.example",
  ])("%s is no host", (text) => {
    expect(canonicalHost(text)).toBeUndefined();
  });

  test("however an IPv4 address is written, it is one address", () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.constantFrom(8, 10, 16), (value, base) => {
        const dotted = [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
        const prefix = base === 16 ? "0x" : base === 8 ? "0" : "";
        expect(canonicalHost(`${prefix}${value.toString(base)}`)).toBe(dotted);
        expect(canonicalHost(`[::ffff:${dotted}]`)).toBe(dotted);
      }),
    );
  });

  test.each([
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "169.254.169.254",
    "::1",
    "::",
    "fe80::1",
    "::ffff:127.0.0.1",
    "100.100.100.200",
  ])("%s stays closed whatever is listed", (address) => {
    expect(refuseAddress(address, ["0.0.0.0/0", "::/0"], true)).toBeTruthy();
  });

  test.each(["10.0.0.1", "172.31.0.1", "192.168.1.1", "100.64.0.1", "fd00::1", "64:ff9b::a00:1", "2002:a00:1::"])(
    "%s is open only where it is listed",
    (address) => {
      expect(refuseAddress(address, [], true)).toBeTruthy();
      expect(refuseAddress(address, [address], true)).toBeUndefined();
      expect(refuseAddress(address, ["9.9.9.9"], true)).toBeTruthy();
    },
  );
});

describe("access levels", () => {
  const all = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];
  test.each([
    ["read-only", 3],
    ["read-write", 6],
    ["full", 7],
  ])("%s allows the first %i methods", (access, count) => {
    const allowed = all.filter((method) => verdict({ access }, method, "/x").decision === "allow");
    expect(allowed).toEqual(all.slice(0, count));
  });
});

describe("rules", () => {
  const rules = (...allow: object[]) => ({ rules: allow.map((one) => ({ allow: one })) });

  test("GET covers HEAD, methods have no case", () => {
    const one = rules({ method: "get", path: "/x" });
    expect(verdict(one, "HEAD", "/x").decision).toBe("allow");
    expect(verdict(one, "POST", "/x").decision).toBe("deny");
  });

  test("a denied request stays denied whatever allows it, in this endpoint or another", () => {
    const base = { host: "api.example.com", port: 443, protocol: "rest" };
    const policy = policyOf(
      { ...base, access: "full", deny_rules: [{ method: "*", path: "/admin/**" }] },
      { ...base, access: "full" },
    );
    const judge = (target: string) =>
      judgeRequest(policy, { host: "api.example.com", port: 443 }, { method: "GET", ...readTarget(target) });
    expect(judge("/admin/x")).toMatchObject({ decision: "deny", rule: "deny_rules[0]" });
    expect(judge("/x").decision).toBe("allow");
  });

  test("query values: all must match to allow, one is enough to deny", () => {
    const one = rules({ method: "GET", path: "/x", query: { tag: "foo-*", v: { any: ["1", "2"] } } });
    expect(verdict(one, "GET", "/x?tag=foo-a&v=1&other=y").decision).toBe("allow");
    expect(verdict(one, "GET", "/x?tag=foo-a&tag=foo-b&v=2").decision).toBe("allow");
    expect(verdict(one, "GET", "/x?tag=foo-a&tag=evil&v=1").decision).toBe("deny");
    expect(verdict(one, "GET", "/x?tag=foo-a").decision).toBe("deny");
    const denied = { access: "full", deny_rules: [{ method: "GET", path: "/x", query: { tag: "evil" } }] };
    expect(verdict(denied, "GET", "/x?tag=ok&tag=%65vil").decision).toBe("deny");
    expect(verdict(denied, "GET", "/x?tag=ok").decision).toBe("allow");
    expect(verdict(denied, "GET", "/x").decision).toBe("allow");
  });

  test("a path chooses the endpoint, and the closest one says whether it is only watched", () => {
    const base = { host: "api.example.com", port: 443, protocol: "rest" };
    const policy = policyOf(
      { ...base, access: "read-only", enforcement: "audit" },
      { ...base, path: "/v1/**", access: "read-only", enforcement: "enforce" },
    );
    const judge = (target: string) =>
      judgeRequest(policy, { host: "api.example.com", port: 443 }, { method: "POST", ...readTarget(target) });
    expect(judge("/x").decision).toBe("audit");
    expect(judge("/v1/x").decision).toBe("deny");
  });

  test("an encoded slash needs an endpoint that takes it", () => {
    expect(verdict({ access: "full" }, "GET", "/@a%2Fb").decision).toBe("deny");
    expect(verdict({ access: "full", allow_encoded_slash: true }, "GET", "/@a%2Fb").decision).toBe("allow");
  });

  test("rules win over a whole endpoint for the same place", () => {
    const policy = policyOf(
      { host: "api.example.com", port: 443 },
      { host: "api.example.com", port: 443, protocol: "rest", access: "read-only" },
    );
    const place = { host: "api.example.com", port: 443 };
    expect(judgeConnection(policy, place).inspected).toBe(true);
    expect(judgeRequest(policy, place, { method: "POST", ...readTarget("/") }).decision).toBe("deny");
  });

  test("what no endpoint names is refused, whatever it is", () => {
    const policy = policyOf({ host: "*.example.com", ports: [443, 8443] });
    fc.assert(
      fc.property(fc.domain(), fc.integer({ min: 1, max: 65_535 }), (host, port) => {
        const named = /^[^.]+\.example\.com$/.test(host) && (port === 443 || port === 8443);
        expect(judgeConnection(policy, { host, port }).decision).toBe(named ? "allow" : "deny");
      }),
    );
    expect(judgeConnection(policy, { host: "a.example.com", port: 8443 }).decision).toBe("allow");
  });

  test("an endpoint without a host is about its addresses", () => {
    const policy = policyOf({ port: 5432, allowed_ips: ["10.0.0.0/8"] });
    expect(judgeConnection(policy, { host: "db.corp", port: 5432 }).decision).toBe("allow");
    expect(judgeConnection(policy, { host: "inference.local", port: 5432 }).decision).toBe("deny");
  });

  test("text messages are judged where the endpoint is a WebSocket's", () => {
    const place = { host: "api.example.com", port: 443 };
    const of = (endpoint: object) =>
      judgeMessages(policyOf({ ...place, ...endpoint }), place, { method: "GET", ...readTarget("/ws") })?.decision;
    expect(of({ protocol: "rest", access: "full" })).toBeUndefined();
    expect(of({ protocol: "websocket", access: "read-only" })).toBe("deny");
    expect(of({ protocol: "websocket", access: "read-only", enforcement: "audit" })).toBe("audit");
    expect(of({ protocol: "websocket", access: "read-write" })).toBe("allow");
  });
});

describe("the journal", () => {
  const written = () => {
    const lines: Record<string, unknown>[] = [];
    return { lines, write: (line: string) => void lines.push(JSON.parse(line)) };
  };
  const denial = { decision: "deny", host: "a.b", port: 1, reason: "no" } as const;

  test("writes a repeated denial once, with a count of the others", () => {
    const { lines, write } = written();
    const book = journal(write);
    for (let count = 0; count < 5; count++) book.egress(denial);
    expect(lines).toHaveLength(1);
    book.close();
    expect(lines[1]).toMatchObject({ ...denial, suppressed: 4 });
  });

  test("counts what is beyond its limit, and keeps lines short", () => {
    const { lines, write } = written();
    const book = journal(write, { denials: 3 });
    for (let at = 0; at < 10; at++) book.egress({ ...denial, path: `/${at}${"x".repeat(9000)}` });
    book.close();
    expect(lines).toHaveLength(4);
    expect(lines[3]).toMatchObject({ decision: "deny", suppressed: 7 });
    expect(JSON.stringify(lines[0]).length).toBeLessThan(1000);
  });

  test("one line stays one line", () => {
    const texts: string[] = [];
    journal((line) => void texts.push(line)).egress({ ...denial, path: "/a\nb\u2028c" });
    expect(texts[0]?.split("\n")).toHaveLength(1);
  });
});
