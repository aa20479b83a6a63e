import { describe, expect, test } from "vitest";
import { adoptionsOf } from "../../review/drift/adopt.ts";
import { adoptInto, adoptSome } from "../../review/drift/adopt-into.ts";
import { recordedIn } from "../../review/drift/drift.ts";
import { readPreview } from "../../review/preview/preview.ts";
import { resourceChanges } from "../../review/preview/resource-changes.ts";
import { network, previewJson } from "../support/preview-fixture.ts";

type Properties = Record<string, unknown>;
const rule = (method: string, path: string) => ({ allow: { method, path } });
const endpoint = (more: Properties = {}) => ({
  host: "api.example.com",
  port: 443,
  protocol: "rest",
  enforcement: "enforce",
  rules: [rule("GET", "/status"), rule("GET", "/v1/**")],
  ...more,
});
const policy = (endpoints: unknown[], binaries = ["/usr/bin/curl"]) => ({
  endpoints,
  binaries: binaries.map((path) => ({ path })),
});
const known = policy([endpoint()]);

const file = `# ours
version: 1
network_policies:
  api: # the shop's
    endpoints:
      # asked for by Ada
      - host: API.example.com # as they write it
        port: 443
        protocol: rest
        request_body_credential_rewrite: true
        rules:
          # its health
          - { allow: { method: get, path: /status } }
          - { allow: { method: GET, path: "/v1/**" } } # reads
    binaries: [ /usr/bin/curl ] # no other
  other: { endpoints: [{ host: b.example.com, port: 443 }], binaries: [{ path: /** }] }
`;

function adopted(found: unknown, text = file, runtime = "embedded", was: unknown = known) {
  const one = network(found === undefined ? {} : { api: found }, { api: was }, { api: was });
  const states = [one.before, one.after, one.recorded].map((state) => ({ ...state, runtime }));
  const preview = readPreview(
    previewJson([{ ...one, before: states[0], after: states[1], recorded: states[2] }]),
    "it",
  );
  const { adoptions, left } = adoptionsOf(resourceChanges(preview), recordedIn(preview));
  expect(left).toEqual([]);
  return adoptSome(text, "policy", adoptions, "mine.yaml");
}
const post = endpoint({ rules: [rule("GET", "/status"), rule("GET", "/v1/**"), rule("POST", "/v1/items")] });

describe("a block of the policy file that takes what was found", () => {
  test.each<[string, unknown, (text: string) => string]>([
    [
      "a rule added",
      policy([post]),
      (text) =>
        text.replace("} } # reads\n", "} } # reads\n          - { allow: { method: POST, path: /v1/items } }\n"),
    ],
    [
      "a rule removed",
      policy([endpoint({ rules: [rule("GET", "/status")] })]),
      (text) => text.replace(/ {10}- .*# reads\n/, ""),
    ],
    [
      "another port",
      policy([endpoint({ port: 8443 })]),
      (text) => text.replace("port: 443\n        protocol", "port: 8443\n        protocol"),
    ],
    [
      "a program added",
      policy([endpoint()], ["/usr/bin/curl", "/usr/bin/wget"]),
      (text) => text.replace("[ /usr/bin/curl ]", "[ /usr/bin/curl, { path: /usr/bin/wget } ]"),
    ],
    [
      "an endpoint added",
      policy([endpoint(), { host: "c.example.com", port: 443 }]),
      (text) => text.replace("# reads\n", "# reads\n      - host: c.example.com\n        port: 443\n"),
    ],
    [
      "an endpoint added before",
      policy([{ host: "c.example.com", port: 443 }, endpoint()]),
      (text) => text.replace("      # asked", "      - host: c.example.com\n        port: 443\n      # asked"),
    ],
  ])("has every other line, comment and field as it was: %s", (_, found, expected) => {
    const { text, left } = adopted(found);
    expect(left).toEqual([]);
    expect(text).toBe(expected(file));
  });

  test("keeps endpoints that its runtime does not enforce, in their place", () => {
    const more = file.replace(
      "    binaries: [ /usr",
      "      - { host: q.example.com, port: 443, protocol: graphql, access: full } # later\n$&",
    );
    const { text, left } = adopted(policy([post]), more);
    expect(left).toEqual([]);
    expect(text).toBe(more.replace("# reads\n", "# reads\n          - { allow: { method: POST, path: /v1/items } }\n"));
  });

  test.each<[string, unknown, string, RegExp]>([
    [
      "what is no longer the last update's",
      policy([post]),
      file.replace("/v1/**", "/v2/**"),
      /says something else of it/,
    ],
    ["one that goes, and has more than its runtime enforces", undefined, file, /says something else of it/],
    [
      "parts that another block has as well",
      policy([post]),
      file.replace("rules:", "rules: &r").replace("443 }]", "443, protocol: rest, rules: *r }]"),
      /shares parts of it with others/,
    ],
    [
      "what its runtime would not enforce",
      policy([
        endpoint(),
        { host: "q.example.com", port: 443, protocol: "graphql", enforcement: "enforce", access: "full" },
      ]),
      file,
      /would not come into force as it was found/,
    ],
  ])("is left to a person: %s", (_, found, text, reason) => {
    const one = adopted(found, text);
    expect(one).toEqual({ text, left: [expect.stringMatching(reason)] });
    expect(one.left[0]).toMatch(/^block api: .*: merge by hand, or restore it$/);
  });

  test("is left where nothing may be, too, so that nobody takes it for done", () => {
    const drifted = { known, runtime: "embedded" } as const;
    const one = { into: "policy", path: ["network_policies", "api"], value: undefined, drifted } as const;
    expect(() => adoptInto(file, "policy", [one], "mine.yaml")).toThrow(
      /^mine.yaml cannot take all of it: block api: /,
    );
  });

  test("goes where it is gone, under the runtime that enforces all of it", () => {
    const { endpoints, binaries } = known;
    const whole = { endpoints: [{ ...(endpoints[0] as Properties), request_body_credential_rewrite: true }], binaries };
    const { text, left } = adopted(undefined, file, "openshell", whole);
    expect(left).toEqual([]);
    expect(text).toMatch(/^# ours\nversion: 1\nnetwork_policies:\n {2}other: /);
  });
});

test("a block of which the runtime enforces nothing takes none that somebody opened under its name", () => {
  const text = `version: 1
network_policies:
  api: { endpoints: [{ host: api.example.com, port: 443, protocol: graphql, access: full }], binaries: [{ path: /** }] }
`;
  const adoption = {
    into: "policy",
    path: ["network_policies", "api"],
    value: known,
    drifted: { known: undefined, runtime: "embedded" },
  } as const;
  const { text: written, left } = adoptSome(text, "policy", [adoption], "own.yaml");
  expect(written).toBe(text);
  expect(left).toEqual([
    expect.stringContaining("the policy file says something else of it than the last update left"),
  ]);
});
