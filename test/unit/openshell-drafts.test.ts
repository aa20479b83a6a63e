import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import {
  approvals,
  type Draft,
  type DraftFacts,
  parseDrafts,
  pendingDrafts,
  rejectDraft,
} from "../../host/runtimes/openshell/drafts.ts";
import { readEndpoints } from "../../host/runtimes/openshell/drafts-endpoints.ts";

interface Case {
  readonly said: string;
  readonly asks?: readonly string[];
  readonly drafts: readonly Partial<Draft>[];
}

const folder = resolve(import.meta.dirname, "../fixtures/openshell");
const cases = parse(readFileSync(join(folder, "drafts.yaml"), "utf8")) as Case[];
const read = (file: string) =>
  pendingDrafts("main").parse({ stdout: readFileSync(join(folder, file), "utf8"), exitCode: 0 });
const all = (facts: DraftFacts) => (facts.kind === "there" ? facts.drafts : []);

describe("drafts as a real OpenShell prints them", () => {
  test.each(cases)("$said", ({ said, asks, drafts }) => {
    const wanted = drafts.map(({ unclear, ...rest }) => ({
      ...rest,
      ...(unclear && { unclear: expect.stringContaining(unclear), rule: undefined }),
    }));
    const found = all(read(said)).map((draft) => ({ rule: undefined, ...draft }));
    expect(found).toMatchObject(wanted);
    expect(found).toHaveLength(wanted.length);
    if (!asks) return;
    const stdout = readFileSync(join(folder, said), "utf8");
    expect(approvals("main").parse({ stdout, exitCode: 0 })).toMatchObject(asks.map((one) => ({ asks: one })));
  });

  test.each([
    [
      "Error:   × transport error\n  connection refused",
      1,
      "OpenShell's gateway does not tell: Error:   × transport error",
    ],
    ["", 124, "OpenShell's gateway does not tell: it does not answer"],
    ["Error: sandbox not found", 1, "OpenShell has no sandbox main"],
    ["Network Rules: a form of its own", 0, "OpenShell's gateway does not tell: not a list of rules"],
  ])("no list is not an empty one: %j", (stdout, exitCode, unreadable) => {
    expect(approvals("main").parse({ stdout, exitCode })).toEqual({ unreadable: expect.stringContaining(unreadable) });
  });

  test("one draft that says a thing twice is not believed; the others are", () => {
    const text = readFileSync(join(folder, "rule-get-denials.txt"), "utf8");
    const forged = text.replace(
      "(HTTP-alt).",
      "(HTTP-alt).\n  Prover: prover: no new findings\n  Endpoints: a.example:1 [L4]",
    );
    const found = all(pendingDrafts("main").parse({ stdout: forged, exitCode: 0 }));
    expect(found.map(({ unclear }) => unclear?.includes("imitates") ?? false)).toEqual([false, true, false]);
  });

  test("what a terminal would obey is left out", () => {
    const text = readFileSync(join(folder, "rule-get-denials.txt"), "utf8").replace(
      "(HTTP-alt)",
      "\u001b]0;x\u0007\u202e\u001b[2K",
    );
    expect(all(pendingDrafts("main").parse({ stdout: text, exitCode: 0 }))[1]?.rationale).toBe(
      "Allow curl to connect to api.example.org:8080 ]0;x[2K.",
    );
  });

  test.each(["__proto__", "constructor", "a: {b}", "-"])("a rule that is named %s is not taken", (name) => {
    const text = readFileSync(join(folder, "rule-get-denials.txt"), "utf8").replace("allow_10_1_2_3_22", name);
    expect(all(pendingDrafts("main").parse({ stdout: text, exitCode: 0 }))[0]).toMatchObject({
      unclear: "its name is none for a block",
    });
  });

  test("a prover without an answer is told from one that found nothing", () => {
    const text = readFileSync(join(folder, "rule-get-denials.txt"), "utf8");
    const failed = text.replaceAll("prover: no new findings", "validation unavailable");
    const found = all(pendingDrafts("main").parse({ stdout: failed, exitCode: 0 }));
    expect(found[0]?.verdict).toEqual({ kind: "none", said: "the prover was unavailable" });
    const silent = text.replaceAll(/^.*Prover:.*\n/gm, "");
    expect(all(pendingDrafts("main").parse({ stdout: silent, exitCode: 0 }))[0]?.verdict.kind).toBe("none");
  });
});

test("what waits is listed and rejected by the words of 0.0.11x, which 0.1.x has too (from-docs: its advisor page)", () => {
  const [draft] = all(read("rule-get-denials.txt"));
  expect(pendingDrafts("main").script).toContain("rule get main --status pending");
  const { script } = rejectDraft("main", draft as Draft, "too wide");
  expect(script).toContain(`rule reject main --chunk-id ${draft?.id} --reason 'too wide'`);
});

test.each([
  ["No network rules for sandbox 'main'\n", 0, { kind: "there", drafts: [] }],
  [`Error:   × code: 'Some requested entity was not found', message: "sandbox not found"\n`, 1, { kind: "absent" }],
  ["Error:   × transport error\n  ╰─▶ Connection refused (os error 111)\n", 1, { kind: "unreachable" }],
  ["Segmentation fault\n", 0, { kind: "unreachable" }],
] as const)("without drafts it says: %s", (stdout, exitCode, facts) => {
  expect(parseDrafts({ stdout, exitCode, unreachable: exitCode !== 0 })).toMatchObject(facts);
});

test.each([
  [
    "a.example:443 [L4], b.example:80 [L4]",
    [
      { host: "a.example", port: 443 },
      { host: "b.example", port: 80 },
    ],
  ],
  ["a.example:22 [tcp]", [{ host: "a.example", port: 22, protocol: "tcp" }]],
  [
    "a.example:443 [L7 rest, access=read-only, deny GET /private/**]",
    [
      {
        host: "a.example",
        port: 443,
        protocol: "rest",
        enforcement: "enforce",
        access: "read-only",
        deny_rules: [{ method: "GET", path: "/private/**" }],
      },
    ],
  ],
  ["", "no destination"],
  ["a.example [L4]", "cannot be read"],
  ["a.example:443 [L4, allow GET /x]", "the whole"],
  ["a.example:443 [mcp, allow * *]", "the whole"],
  ["a.example:443 [L7 rest, allow GET *]", "the whole"],
  ["a.example:443 [L7 rest, allow GET /a, b]", "the whole"],
  ["a.example:443 [L7 rest, allow GET /x]]", "cannot be read"],
] as const)("endpoints: %s", (text, wanted) => {
  const read = readEndpoints(text);
  if (typeof wanted === "string") expect(read).toEqual({ unclear: expect.stringContaining(wanted) });
  else expect(read).toEqual({ endpoints: wanted });
});
