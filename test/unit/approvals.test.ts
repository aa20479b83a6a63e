import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import type { Host } from "../../host/host.ts";
import type { Draft } from "../../host/runtimes/openshell/drafts.ts";
import { describeStopped, type Stopped } from "../../host/stopped.ts";
import type { NetworkPolicy } from "../../policies/policy.ts";
import { allowNow } from "../../scripts/allow-now.ts";
import { asCode, blockThatAllows, type Code } from "../../scripts/approval-code.ts";
import { describeDrafts, reasonsOf } from "../../scripts/approval-text.ts";
import { approveDraft } from "../../scripts/approve-draft.ts";
import { ExitError, standingsIn } from "../../scripts/stack-command.ts";
import { pick } from "../../scripts/waiting-drafts.ts";

const clone = resolve(import.meta.dirname, "../..");
const file = (text: string, presets: readonly string[] = []) => {
  const named = "policies/of-a-test.yaml";
  return { named, path: join(clone, named), text, presets };
};
const rule = (host: string, ...paths: string[]): NetworkPolicy => ({
  endpoints: [{ host, port: 443 }],
  binaries: paths.map((path) => ({ path })),
});
const id = "07396869-c6df-4b81-98cb-530357a9c8a4";
const comment = ["Approved by ada@desk, 2026-11-22T22:00Z: docs", "Draft 0739"];
const approved = (name: string, of: NetworkPolicy) => ({ id, name, rule: of, comment });

describe("an approved rule as code", () => {
  test("is a block with its reasons above it, in a new file too", () => {
    expect(asCode(file(""), approved("allow_a", rule("a.example", "/usr/bin/curl"))).text).toBe(`version: 1
network_policies:
  # Approved by ada@desk, 2026-11-22T22:00Z: docs
  # Draft 0739
  allow_a:
    endpoints:
      - host: a.example
        port: 443
    binaries:
      - path: /usr/bin/curl
`);
  });

  test("leaves the rest of the file as it is", () => {
    const text = `# ours
version: 1
network_policies:
  # why
  docs:
    endpoints: [{ host: docs.example, port: 443 }]
    binaries: [/usr/bin/curl]
`;
    const written = asCode(file(text), approved("allow_a", rule("a.example", "/usr/bin/curl"))).text;
    expect(written.replaceAll(" ", "")).toContain(text.replaceAll(" ", ""));
    expect(asCode(file("version: 1\nnetwork_policies: {}\n"), approved("a", rule("a.example", "/x"))).text).toMatch(
      /network_policies:\n {2}# Approved/,
    );
  });

  test("is not written into a list that another block uses, too", () => {
    const block = (host: string, binaries: string) =>
      `endpoints: [{ host: ${host}, port: 443 }], binaries: ${binaries}`;
    const text = `version: 1
network_policies:
  one: { ${block("a.example", "&bins [/usr/bin/git]")} }
  two: { ${block("payroll.example", "*bins")} }
`;
    for (const [name, host] of [
      ["one", "a.example"],
      ["two", "payroll.example"],
    ] as const)
      expect(() => asCode(file(text), approved(name, rule(host, "/usr/bin/git", "/usr/bin/curl"))), name).toThrow(
        /no place/,
      );
  });

  test("joins a block of its name only where that opens nothing else", () => {
    const { text } = asCode(file(""), approved("allow_a", rule("a.example", "/usr/bin/curl")));
    const joined = asCode(file(text), approved("allow_a", rule("a.example", "/usr/bin/wget")));
    expect(joined.policy.binaries.map(({ path }) => path)).toEqual(["/usr/bin/curl", "/usr/bin/wget"]);
    expect(joined.text).toMatch(/- path: \/usr\/bin\/curl\n +# Approved.*\n +# Draft 0739\n +- path: \/usr\/bin\/wget/);
    const further = asCode(file(text), approved("allow_a", rule("b.example", "/usr/bin/curl")));
    expect(further.policy.endpoints).toHaveLength(2);
    const other = asCode(file(text), approved("allow_a", rule("b.example", "/usr/bin/wget")));
    expect(other).toMatchObject({ block: "allow_a_07396869", policy: rule("b.example", "/usr/bin/wget") });
  });

  test("gets a name of its own beside a preset's block", () => {
    const { block, text } = asCode(file("", ["npm"]), approved("npm", rule("a.example", "/usr/bin/curl")));
    expect(block).toBe("npm_07396869");
    expect(text).not.toContain("registry");
  });

  test("is found again where the code allows it", () => {
    const { text } = asCode(file(""), approved("allow_a", rule("a.example", "/usr/bin/curl")));
    expect(blockThatAllows(file(text), rule("a.example", "/usr/bin/curl"))?.block).toBe("allow_a");
    expect(blockThatAllows(file(text), rule("a.example", "/usr/bin/wget"))).toBeUndefined();
    expect(blockThatAllows(file(""), rule("a.example", "/usr/bin/curl"))).toBeUndefined();
  });

  test("is refused where the policy file is not one", () => {
    expect(() => asCode(file("version: 2\n"), approved("a", rule("a.example", "/x")))).toThrow(/of-a-test\.yaml/);
  });
});

const draft: Draft = {
  id,
  name: "allow_a",
  endpoints: "a.example:443 [L4]",
  rationale: "Allow curl to connect.",
  confidence: 65,
  hits: 3,
  verdict: { kind: "clean", said: "prover: no new findings" },
  rule: rule("a.example", "/usr/bin/curl"),
};

describe("what people read", () => {
  test("has who, when, why and the verdict, in lines of a width to read", () => {
    const at = new Date("2026-11-22T22:00:59Z");
    expect(reasonsOf(draft, "ada@desk", at, "docs\nneed it")).toEqual([
      "Approved by ada@desk, 2026-11-22T22:00Z: docs need it",
      `Draft ${id}: Allow curl to connect.`,
      "Prover: no new findings",
    ]);
    const long = {
      ...draft,
      rationale: "word ".repeat(60),
      verdict: { kind: "none", said: "the prover was unavailable" },
    } as const;
    const lines = reasonsOf(long, "ada@desk", at);
    expect(lines.at(-1)).toBe("Not proven: the prover was unavailable");
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(112);
  });

  test("lists what is known of a draft", () => {
    expect(
      describeDrafts("prod", "main", [{ ...draft, inCode: "allow_a", security: "mind" }]),
    ).toBe(`1 rule waits for approval in sandbox main of prod

07396869  allow_a
  opens       a.example:443 [L4] for /usr/bin/curl
  because     Allow curl to connect.   (3 times, 65 % sure)
  prover      no new findings
  security    mind
  code        allows it already, in block allow_a; once that is in force: scripts/approvals reject 07396869

Into the policy file: scripts/approvals approve 07396869 -s prod --reason "…"
`);
    expect(describeDrafts("prod", "main", [])).toBe("Nothing waits for approval in sandbox main of prod.\n");
  });
});

describe("approving a draft", () => {
  const unproven = { ...draft, verdict: { kind: "none", said: "the prover was unavailable" } } as const;
  const unsafe = {
    ...draft,
    verdict: { kind: "findings", said: "prover: 1 finding" },
    security: "a private address",
  } as const;
  const noVerdict = "There is no verdict on allow_a: the prover was unavailable.";
  const toReview = `${noVerdict} Whoever reviews the file is the only one to look at it.`;

  /** What was done, in its order. */
  const done = async (of: Draft, live: boolean, text = "", { locked = false, refuse = async () => {} } = {}) => {
    const steps: string[] = [];
    const now = { refuse, allow: async ({ block }: Code) => void steps.push(`allow ${block}`) };
    const saving = {
      makeSavable: () => {
        if (locked) throw new ExitError("it cannot be written", 1);
      },
      save: () => void steps.push("save"),
    };
    const policyFile = { ...file(text), isNew: false, stackText: "", ...saving };
    const warn = (concern: string) => void steps.push(concern);
    try {
      await approveDraft(of, { stack: "s", file: () => policyFile, warn, ...(live && { live: now }) });
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      steps.push(`${error.exitCode}: ${error.message}`);
    }
    return steps;
  };
  const { text: inCode } = asCode(file(""), approved("allow_a", rule("a.example", "/usr/bin/curl")));

  test("is not allowed at once where its file cannot be written", async () => {
    expect(await done(draft, true, "", { locked: true })).toEqual(["1: it cannot be written"]);
  });

  const marked = { by: "anna@laptop", since: "2026-11-22T21:04:05Z" };
  const inSandbox = (mark?: Stopped) => {
    const host = { look: async () => mark } as unknown as Host;
    return allowNow({ host, sandbox: "main", accept: [], drafts: [], draft }, "prod").refuse;
  };

  test("at once is refused where the environment is stopped on purpose, with nothing written or allowed", async () => {
    expect(await done(unsafe, true, "", { refuse: inSandbox(marked) })).toEqual([
      `1: Sandbox main of prod is ${describeStopped(marked)}. Nothing can be allowed in it now, and nothing was written.
  try   scripts/start -s prod and then this again, or this without --live`,
    ]);
    expect(await done(draft, false, "", { refuse: inSandbox(marked) })).toEqual(["save"]);
    expect(await done(draft, true, "", { refuse: inSandbox() })).toEqual(["allow allow_a", "save"]);
  });

  test.each<[string, Draft, boolean, string[], string?]>([
    ["proven", draft, false, ["save"]],
    ["proven, at once: allowed before it is written", draft, true, ["allow allow_a", "save"]],
    ["in the code already", draft, true, ["allow allow_a"], inCode],
    ["the prover was unavailable: written, with a warning", unproven, false, [toReview, "save"]],
    [
      "the prover was unavailable, at once: refused, with nothing written or allowed",
      unproven,
      true,
      [`1: ${noVerdict} Without a verdict and before a review it is not allowed: leave --live out.`],
    ],
    ["with findings", unsafe, false, ["Mind: prover: 1 finding", "Mind: a private address", "save"]],
    [
      "with findings, at once",
      unsafe,
      true,
      ["Mind: prover: 1 finding", "Mind: a private address", "allow allow_a", "save"],
    ],
    [
      "one that the gateway cannot take",
      { ...draft, applicationError: "no such rule" },
      false,
      ["1: The gateway cannot take allow_a into the policy: no such rule"],
    ],
    [
      "one whose text does not tell all",
      { ...draft, rule: undefined, unclear: "its paths are cut off" },
      false,
      [expect.stringContaining(`1: allow_a (${id}) cannot be approved here: its paths are cut off`)],
    ],
  ])("%s", async (_it, of, live, steps, text) => expect(await done(of, live, text)).toEqual(steps));
});

describe("a stack of more than one sandbox", () => {
  const machine = {
    id: "m",
    address: "192.0.2.1",
    port: 22,
    user: "root",
    hostKeys: ["ssh-ed25519 AAAA"],
    arch: "amd64",
    gpu: "none",
  };
  const owner = { project: "p", stack: "s", installation: "i" };
  const made = (sandbox: string, runtime: string, at = machine) => ({
    urn: sandbox,
    type: "nemoclaw:host:Sandbox",
    inputs: { machine: { ...at, owner }, sandbox, runtime },
    outputs: {},
  });
  const waiting = (sandbox: string, ...ids: string[]) => ({
    host: undefined as never,
    sandbox,
    accept: [],
    drafts: ids.map((one) => ({ id: one }) as Draft),
  });

  test("every one of them is found, with its runtime and its machine", () => {
    const other = { ...machine, address: "192.0.2.2" };
    const resources = [made("main", "openshell"), { ...made("x", "y"), type: "nemoclaw:host:Workspace" }];
    const found = standingsIn({ resources: [...resources, made("main", "embedded", other)], find: () => undefined });
    expect(found.map(({ machine: { address }, sandbox, runtime }) => [address, sandbox, runtime.kind])).toEqual([
      ["192.0.2.1", "main", "openshell"],
      ["192.0.2.2", "main", "embedded"],
    ]);
  });

  test("a draft is the one that its id names, in whichever sandbox it waits", () => {
    const both = [waiting("main", "ab1", "ac1"), waiting("second", "ab2", "ad")];
    expect(pick(both, "AD", "prod")).toMatchObject({ sandbox: "second", draft: { id: "ad" } });
    expect(() => pick(both, "ab", "prod")).toThrow(/2 drafts begin with ab/);
    expect(() => pick(both, "b", "prod")).toThrow(
      /No draft that waits begins with b\.\n {2}try {3}scripts\/approvals -s prod/,
    );
  });
});

describe("scripts/approvals", () => {
  test.each([
    [["frob"], 64, /knows list, approve and reject/],
    [["approve"], 64, /takes the id/],
    [["list", "abc"], 64, /takes no id/],
    [["reject", "abc", "--live"], 64, /goes with approve/],
    [["list", "--reason", "x"], 64, /goes with approve and reject/],
    [["--frob"], 64, /unknown option/],
  ] as const)("%j ends with %i", (args, status, says) => {
    const done = spawnSync(process.execPath, ["scripts/approvals.ts", ...args], { cwd: clone, encoding: "utf8" });
    expect(done.stderr).toMatch(says);
    expect(done.status).toBe(status);
  });
});
