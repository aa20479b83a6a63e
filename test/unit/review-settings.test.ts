import { describe, expect, test } from "vitest";
import { combine } from "../../review/combine.ts";
import { htmlOf } from "../../review/page/html.ts";
import { markdownOf } from "../../review/page/markdown.ts";
import { outlineOf } from "../../review/page/outline.ts";
import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import { type Report, verdictOf } from "../../review/report.ts";
import { reportOfRevisions } from "../../review/revisions/report-of-revisions.ts";
import { previewJson, revision } from "../support/preview-fixture.ts";

const stackPath = "stacks/Pulumi.prod.yaml";
const least = `config:
  nemoclaw:machine: { kind: local }
  nemoclaw:runtime: { kind: embedded }
  nemoclaw:inference: { kind: openai, baseUrl: "https://models.example.com/v1", model: m1 }
`;
const files = (text: string, more: Record<string, string> = {}) => ({ [stackPath]: text, ...more });
const changed = (before: string, after: string): Report =>
  reportOfRevisions("prod", revision("main", { [stackPath]: before }), revision("change", { [stackPath]: after }));
const written = (report: Report) =>
  [JSON.stringify(report), markdownOf(outlineOf(report)), htmlOf(outlineOf(report))].join("\n");

describe("a secret that stands in clear", () => {
  test.each([
    ["a key of ours", "nemoclaw:inferenceKey: nvapi-PLAIN", "nemoclaw:inferenceKey"],
    ["one without its namespace", "inferenceKey: nvapi-PLAIN", "nemoclaw:inferenceKey"],
    ["one in the key's second form", "nemoclaw:config:inferenceKey: nvapi-PLAIN", "nemoclaw:inferenceKey"],
    ["one that is a mapping", "nemoclaw:telegramToken: { value: PLAIN }", "nemoclaw:telegramToken"],
    [
      "one beside a word that looks encrypted",
      "nemoclaw:tunnelToken: { secure: v1:a, more: PLAIN }",
      "nemoclaw:tunnelToken",
    ],
    ["a site command's", "site:token: PLAIN", "site:token"],
    ["one of theirs beside such a word", "site:token: { secure: v1:a, more: PLAIN }", "site:token"],
    ["a mapping for site commands", "site:obj: { a: PLAIN }", "site:obj"],
  ])("%s is an error of the newer revision, which names it alone", (_, line, name) => {
    const fault = () => changed(least, `${least}  ${line}\n`);
    expect(fault).toThrow(/a fault at change, so there is nothing to review/);
    expect(fault).toThrow(
      new RegExp(
        `\n\nchange:${stackPath} {2}${name}\n  .*stands in clear[\\s\\S]*instead: scripts/pulumi config set --secret ${name}`,
      ),
    );
    expect(fault).not.toThrow(/PLAIN/);
  });

  test("in the older revision is told by its name", () => {
    const before = `${least}  nemoclaw:inferenceKey: nvapi-PLAIN\n  site:token: PLAIN\n`;
    const report = changed(before, `${least}  nemoclaw:inferenceKey: { secure: v1:a }\n`);
    expect(report.secrets).toMatchObject([
      { name: "inferenceKey", kind: "changed" },
      { name: "site:token", kind: "gone" },
    ]);
    expect(written(report)).not.toContain("PLAIN");
  });

  test("among a cloud provider's own settings is told by its name", () => {
    const report = changed(`${least}  aws:region: a\n`, `${least}  aws:region: b\n  aws:secretKey: PLAIN\n`);
    expect(report.secrets).toEqual([{ name: "aws:secretKey", kind: "new" }]);
    expect(report.settings).toMatchObject([
      { what: "aws:region", before: "a", after: "b" },
      { what: "aws:secretKey", effect: "unclear" },
    ]);
    expect(written(report)).not.toContain("PLAIN");
  });

  test.each<[string, string]>([
    ["aws:assumeRole", "{ roleArn: a, externalId: PLAIN }"],
    ["aws:endpoints", '[{ s3: "https://me:PLAIN@s3.example.com" }]'],
    ["x:dbPasswd", "PLAIN"],
    ["x:tokens", "[PLAIN]"],
    ["x:config:auth", "{ token: PLAIN }"],
  ])("in a setting of others is told by its name, whatever that is: %s", (key, value) => {
    const name = key.replace(":config", "");
    const plain = `${least}  ${key}: ${value.replace("PLAIN", "OTHERS")}\n`;
    expect(changed(least, plain).secrets).toEqual([{ name, kind: "new" }]);
    const report = changed(plain, `${least}  ${key}: ${value}\n`);
    expect(report).toMatchObject({
      secrets: [{ name, kind: "changed" }],
      settings: [{ what: name, effect: "unclear" }],
    });
    expect(verdictOf(report).exitCode).toBe(3);
    expect(written(report)).not.toMatch(/PLAIN|OTHERS/);
  });

  test("is not shown where the file is no YAML, either", () => {
    const fault = () => changed(least, `${least}  nemoclaw:inferenceKey: [nvapi-PLAIN\n  a: b: c\n`);
    expect(fault).toThrow(/Pulumi.prod.yaml at change is not YAML: .*line/);
    expect(fault).not.toThrow(/PLAIN/);
  });
});

test("what is encrypted inside a mapping is told by its name, without its text", () => {
  const report = changed(
    `${least}  site:obj: { a: { secure: v1:sealed }, b: [{ secure: v1:sealed }] }\n`,
    `${least}  site:obj: { a: { secure: v1:other }, b: [] }\n`,
  );
  expect(report.secrets).toMatchObject([{ name: "site:obj", kind: "changed" }]);
  expect(written(report)).not.toMatch(/v1:sealed|v1:other/);
});

describe("a label called secure makes no secret of the machine", () => {
  const aws =
    "kind: aws, region: eu-central-1, zone: eu-central-1a, instanceType: g6.xlarge, image: { id: ami-0123456789abcdef0 }";
  const labelled = (more: string, beside = "") =>
    least.replace("kind: local", `${aws}, tags: { secure: "true", env: prod }, ${more}`) + beside;
  const shut = "access: { kind: public, cidrs: [203.0.113.0/24] }";
  const open =
    "access: { kind: public, cidrs: [203.0.113.0/24, 198.51.100.0/24] }, dataDisk: { protect: false, reason: a lab }";

  test.each(["", "environment: [prod]\n"])("with %j beside the settings", (beside) => {
    const report = changed(labelled(shut, beside), labelled(open, beside));
    expect(report.secrets).toEqual([]);
    expect(report.exposure).toContainEqual({ what: "may reach SSH", after: "198.51.100.0/24", effect: "widens" });
    expect(report.settings.map(({ what }) => what)).toContain("machine.dataDisk.protect");
    expect(verdictOf(report).exitCode).toBe(3);
  });

  test("nor of what else stands in a setting with something encrypted, which is told by its path and counts", () => {
    const beside = "environment: [prod]\n";
    const tagged = (tag: string, more = "") =>
      labelled(`${shut}${more}`, beside).replace('"true"', `{ secure: ${tag} }`);
    const report = changed(tagged("v1:aaaa"), tagged("v1:bbbb", ", spot: true"));
    expect(report.secrets).toMatchObject([{ name: "machine.tags.secure", kind: "changed" }]);
    expect(report.settings).toMatchObject([
      { what: "machine.spot" },
      { what: "machine.tags.secure", effect: "unclear" },
    ]);
    expect(written(report)).not.toMatch(/v1:(aaaa|bbbb)/);
  });

  test("and a whole setting that is encrypted can say anything", () => {
    const beside = "environment: [prod]\n";
    const whole = (text: string) => `${least}  nemoclaw:tunnel: { secure: ${text} }\n${beside}`;
    const report = changed(whole("v1:a"), whole("v1:b"));
    expect(report.settings).toMatchObject([
      { what: "tunnel", before: "a secret", after: "another one", effect: "unclear" },
    ]);
    expect(verdictOf(report).exitCode).toBe(3);
  });
});

describe("the account that a stack may touch", () => {
  const aws = (more: string) =>
    least.replace(
      "kind: local",
      `kind: aws, region: eu-central-1, zone: eu-central-1a, instanceType: g6.xlarge, image: { id: ami-0123456789abcdef0 }${more}`,
    );
  const [ours, others, any] = [", account: '111111111111'", ", account: '222222222222'", ""].map(aws) as [
    string,
    string,
    string,
  ];
  test.each<[string, string, string, 2 | 3 | 4]>([
    ["that goes", ours, any, 3],
    ["that is another one", ours, others, 3],
    ["that is new", any, ours, 2],
    ["of a machine that goes to another place", ours, least, 4],
  ])("%s", (_, before, after, exitCode) => {
    const report = changed(before, after);
    expect(verdictOf(report)).toMatchObject({ exitCode });
    const { effect } = report.settings.find(({ what }) => what === "machine.account") ?? {};
    expect(effect).toBe(exitCode === 3 ? "unclear" : undefined);
  });
});

describe("an environment, which may set anything", () => {
  const inline = (chat: number) =>
    `environment: { imports: [base], values: { pulumiConfig: { "nemoclaw:telegram": { chats: [${chat}] }, key: { "fn::secret": PLAIN${chat} } } } }\n`;
  const sets = "base; sets pulumiConfig.nemoclaw:telegram.chats, pulumiConfig.key";
  test.each<[string, string, string, string | undefined, string | undefined]>([
    ["that is new", "", "environment: [evil]\n", undefined, "evil"],
    [
      "that is another one",
      "environment: [prod]\n",
      "environment: [prod, { more: { merge: false } }]\n",
      "prod",
      "prod, more",
    ],
    ["that goes", "environment: [prod]\n", "", "prod", undefined],
    ["that stands in the file", "", inline(1), undefined, sets],
    ["that sets other values", inline(1), inline(2), sets, `${sets}, with other values`],
  ])("%s", (_, before, after, was, is) => {
    const report = changed(`${before}${least}`, `${after}${least}`);
    expect(report.settings).toMatchObject([{ what: "environment", before: was, after: is, effect: "unclear" }]);
    expect(verdictOf(report)).toEqual({ exitCode: 3, headline: "Widens access" });
    expect(written(report)).not.toContain("PLAIN");
  });

  test("of a stack that is new", () => {
    const report = reportOfRevisions(
      "prod",
      revision("main", {}),
      revision("change", files(`environment: [evil]\n${least}`)),
    );
    expect(report.settings).toContainEqual(expect.objectContaining({ what: "environment", effect: "unclear" }));
  });

  test("that stays is no change", () => {
    expect(verdictOf(changed(`${inline(1)}${least}`, `${inline(1)}${least}`)).exitCode).toBe(0);
  });
});

describe("what stands beside the settings and nobody here knows", () => {
  test.each<[string, string, string, string | undefined, string | undefined]>([
    ["that is new", "", "futures: [a, b]\n", undefined, '["a","b"]'],
    ["that is another one", "futures: 1\n", "futures: { a: 2 }\n", "1", '{"a":2}'],
    ["that goes", "futures: a\n", "", "a", undefined],
    ["of nothing", "", "futures:\n", undefined, "nothing"],
    ["of a name that every object has", "", "constructor: a\n", undefined, "a"],
    [
      "with secrets inside, by their form or their name",
      "futures: [{ a: { secure: v1:PLAIN } }, { nemoclaw:inferenceKey: PLAIN, site:token: PLAIN }]\n",
      "futures: [{ a: { secure: v1:PLAINER } }, { nemoclaw:inferenceKey: PLAIN, site:token: PLAIN }]\n",
      '[{"a":"(secret)"},{"nemoclaw:inferenceKey":"(secret)","site:token":"(secret)"}]',
      '[{"a":"(secret)"},{"nemoclaw:inferenceKey":"(secret)","site:token":"(secret)"}], another one',
    ],
    ["that is a secret", "", "inferenceKey: PLAIN\n", undefined, "a secret"],
  ])("%s", (_, before, after, was, is) => {
    const report = changed(`${before}${least}`, `${after}${least}`);
    const [what] = /^\w+/.exec(after || before) as unknown as [string];
    expect(report.settings).toEqual([
      { what, before: was, after: is, effect: "unclear", note: expect.stringContaining("not known here") },
    ]);
    expect(verdictOf(report).exitCode).toBe(3);
    expect(written(report)).not.toContain("PLAIN");
  });

  test("of a stack that is new", () => {
    const report = reportOfRevisions("prod", revision("main", {}), revision("change", files(`futures: a\n${least}`)));
    expect(report.settings).toContainEqual(expect.objectContaining({ what: "futures", effect: "unclear" }));
  });

  test("that stays is no change, and keys and salts are told by name alone", () => {
    expect(changed(`futures: a\n${least}`, `futures: a\n${least}`).settings).toEqual([]);
    const report = changed(`encryptionsalt: v1:PLAIN\n${least}`, `encryptionsalt: v1:PLAINER\n${least}`);
    expect(report.settings).toMatchObject([{ what: "encryptionsalt", before: "one", after: "another one" }]);
    expect(verdictOf(report).exitCode).toBe(2);
    expect(written(report)).not.toContain("PLAIN");
  });
});

describe("who may open the stack's secrets", () => {
  const [ours, theirs] = ["ours", "evil"].map((key) => `secretsprovider: gcpkms://${key}\n`) as [string, string];
  const told = (before: string | undefined, after: string) => {
    const was = revision("main", before === undefined ? {} : files(before));
    const report = reportOfRevisions("prod", was, revision("change", files(after)));
    const looked = reportOfPreview({ stack: "prod", preview: readPreview(previewJson([]), "it"), compared: "it" });
    // What only the files say, a preview beside them does not take away.
    return [report, combine(looked, report)].map(({ settings }) => {
      const { before, after, effect } = settings.find(({ what }) => what === "secretsprovider") ?? {};
      return [before, after, effect];
    });
  };
  const twice = (before: string | undefined, after: string) => Array(2).fill([before, after, "unclear"]);

  test("of a stack that has changed", () => {
    expect(told(`${ours}${least}`, `${theirs}${least}`)).toEqual(twice("gcpkms://ours", "gcpkms://evil"));
    // On the Pulumi Cloud that is the Cloud's own key, elsewhere a passphrase; no revision says which backend it is.
    const none = "none named: a passphrase, or the backend's own key";
    expect(told(least, `${theirs}${least}`)).toEqual(twice(none, "gcpkms://evil"));
    expect(told(`${ours}${least}`, least)).toEqual(twice("gcpkms://ours", none));
    expect(verdictOf(changed(`${ours}${least}`, `${theirs}${least}`)).exitCode).toBe(3);
  });

  test("of a stack that is new", () => {
    expect(told(undefined, `${theirs}${least}`)).toEqual(twice(undefined, "gcpkms://evil"));
  });

  test.each([
    ["a number that is another one to Pulumi", "  site:number: 0777\n"],
    ["a date that is a time to it", "  site:date: 2001-12-14\n"],
    ["line ends of another kind", "  # a\u2028b\n"],
    ["no YAML", "  a: b: c\n"],
  ])("where the older file cannot be read: %s", (_, line) => {
    expect(told(`${ours}${least}${line}`, `${theirs}${least}`)).toEqual(twice(undefined, "gcpkms://evil"));
  });

  test("that stays is no change", () => {
    expect(changed(`${ours}${least}`, `${ours}${least}`).settings).toEqual([]);
    expect(told(undefined, least)[0]).toEqual([undefined, undefined, undefined]);
  });
});

describe("settings that the program refuses", () => {
  const mapped = least.replace("kind: embedded", "kind: opnshell");
  test.each<[string, Record<string, string>, RegExp]>([
    [
      "a runtime that there is not",
      files(mapped),
      /^the configuration of stack prod has a fault at change, so there is nothing to review\n\nchange:stacks\/Pulumi.prod.yaml {2}nemoclaw:runtime.kind\n {2}"opnshell" is not possible; expected one of embedded, openshell\n {2}instead: openshell$/,
    ],
    [
      "a setting that there is not",
      files(`${least}  nemoclaw:polcy: { presets: [npm] }\n`),
      /change:stacks\/Pulumi.prod.yaml {2}nemoclaw:polcy\n {2}there is no setting "polcy"\n {2}instead: policy$/,
    ],
    [
      "a setting under another name than the project's",
      files(`${least}  nemoclaaw:mirrors: { npm: "https://npm.example.com" }\n`),
      /change:stacks\/Pulumi.prod.yaml {2}nemoclaaw:mirrors\n {2}nobody reads the namespace "nemoclaaw".*\n {2}instead: nemoclaw:mirrors$/,
    ],
    [
      "a setting in two spellings",
      files(`${least}  nemoclaw:policy: { presets: [npm] }\n  nemoclaw:config:policy: { presets: [] }\n`),
      /Pulumi.prod.yaml at change has one setting in two spellings: nemoclaw:policy, nemoclaw:config:policy\n {2}try {3}keep one of them$/,
    ],
    [
      "a secret in two spellings",
      files(`${least}  nemoclaw:inferenceKey: { secure: v1:a }\n  inferenceKey: PLAIN\n`),
      /in two spellings: nemoclaw:inferenceKey, inferenceKey\n/,
    ],
    [
      "a policy that is text",
      files(`${least}  nemoclaw:policy: npm\n`),
      / nemoclaw:policy\n {2}"npm" is text; expected a mapping/,
    ],
    [
      "a password in an address",
      files(least.replace("https://", "https://me:PLAIN@")),
      /nemoclaw:inference.baseUrl\n.*password in it, in clear/,
    ],
    [
      "a section that is encrypted",
      files(`${least}  nemoclaw:limits: { secure: v1:a }\n`),
      /nemoclaw:limits\n {2}a secret in here hides the whole setting/,
    ],
    [
      "a secret that is needed and not there",
      files(`${least}  nemoclaw:telegram: { chats: [1] }\n`),
      /nemoclaw:telegramToken\n {2}telegram needs/,
    ],
    [
      "an own policy whose fault has a line of its own",
      files(`${least}  nemoclaw:policy: { file: own.yaml }\n`, { "own.yaml": "version: 1\nnetwork_polices: {}\n" }),
      /the policy at revision change cannot be taken:\nown.yaml:2:1 {2}network_polices/,
    ],
    [
      "what its runtime does not enforce of it",
      files(`${least}  nemoclaw:policy: { file: own.yaml }\n`, {
        "own.yaml":
          "version: 1\nnetwork_policies: { a: { endpoints: [{ host: a.example.com, port: 443 }], binaries: [{ path: /usr/bin/git }] } }\n",
      }),
      /nemoclaw:runtime.accept\n[\s\S]*instead: accept: \[binaries\]/,
    ],
    [
      "authorities in a file that is not there",
      files(`${least}  nemoclaw:mirrors: { ca: site.pem }\n`),
      /nemoclaw:mirrors.ca\n {2}site.pem cannot be read: ENOENT/,
    ],
    // There is one of that name in the folder that this runs in.
    [
      "authorities in a file that only the clone has",
      files(`${least}  nemoclaw:mirrors: { ca: package.json }\n`),
      /package.json cannot be read: ENOENT/,
    ],
    [
      "authorities that are none",
      files(`${least}  nemoclaw:mirrors: { ca: site.pem }\n`, { "site.pem": "none" }),
      /nemoclaw:mirrors.ca\n {2}these certificates cannot be used/,
    ],
    [
      "a site command without its secret",
      files(`${least}  nemoclaw:siteCommands: [{ name: a, create: "true", stdin: token }]\n`),
      /nemoclaw:siteCommands\[0\].stdin\n {2}there is no secret site:token/,
    ],
    [
      "a broken guardrail",
      files(`${least}  nemoclaw:tunnel: { kind: quick, access: public }\n`),
      /nemoclaw:tunnel.reason\n/,
    ],
  ])("%s: an error of the newer revision", (_, after, message) => {
    const fault = () => reportOfRevisions("prod", revision("main", files(least)), revision("change", after));
    expect(fault).toThrow(message);
    expect(fault).not.toThrow(/PLAIN/);
  });

  test.each<[string, Record<string, string>]>([
    [
      "all as text, as the CLI may write it",
      files(least.replace(/(nemoclaw:runtime): (.*)/, `$1: '{"kind":"embedded"}'`)),
    ],
    [
      "secrets of each kind, which nobody opens",
      files(
        `${least}  nemoclaw:inferenceKey: { secure: v1:a }\n  nemoclaw:telegram: { chats: [1] }\n  nemoclaw:telegramToken: { secure: v1:b }\n  nemoclaw:siteCommands: [{ name: a, create: "true", stdin: token }]\n  site:token: { secure: v1:c }\n`,
      ),
    ],
    [
      "a preset that only the revision has",
      files(`${least}  nemoclaw:policy: { presets: [ours] }\n`, {
        "policies/presets/ours.yaml":
          "version: 1\nnetwork_policies: { ours: { endpoints: [{ host: a.example.com, port: 443, protocol: rest, access: full }], binaries: [{ path: /** }] } }\n",
      }),
    ],
    ["authorities in a file outside the project", files(`${least}  nemoclaw:mirrors: { ca: /etc/site/ca.pem }\n`)],
    ["a version that only the lock file of a run decides", files(`${least}  nemoclaw:agent: { version: "1.2.3" }\n`)],
    [
      "settings that an environment adds to",
      files(`environment: [prod]\n${least}  nemoclaw:telegram: { chats: [1] }\n`),
    ],
  ])("%s: is taken", (_, after) => {
    expect(() => reportOfRevisions("prod", revision("main", files(least)), revision("change", after))).not.toThrow();
  });
});

describe("settings of the older revision that the program refuses", () => {
  const open = `${least}  nemoclaw:telegram: { chats: [1] }\n  nemoclaw:telegramToken: { secure: v1:a }\n`;
  test.each<[string, Record<string, string>, RegExp]>([
    ["a runtime that there is not", files(open.replace("kind: embedded", "kind: opnshell")), /nemoclaw:runtime.kind/],
    [
      "a setting in two spellings",
      files(`${open}  nemoclaw:policy: {}\n  policy: {}\n`),
      /one setting in two spellings: nemoclaw:policy, policy/,
    ],
    ["no YAML", files("config: ["), /Pulumi.prod.yaml at main is not YAML/],
    ["a policy that is not there", files(`${open}  nemoclaw:policy: { file: own.yaml }\n`), /has no own.yaml/],
    [
      "a class in a policy's glob that cannot be read",
      files(`${open}  nemoclaw:policy: { file: own.yaml }\n`, {
        "own.yaml": `version: 1
network_policies:
  a:
    endpoints: [{ host: a.example.com, port: 443, protocol: rest, rules: [{ allow: { method: GET, path: "/[z-a]" } }] }]
    binaries: [/**]
`,
      }),
      /own.yaml:4:\d+ {2}network_policies\.a\.endpoints\[0\]\.rules\[0\]\.allow\.path\n.*\[z-a\] is a class that cannot be read/,
    ],
    ["a password in an address", files(open.replace("https://", "https://me:PLAIN@")), /nemoclaw:inference.baseUrl/],
  ])("%s: all is told as if nothing had stood before, and counts as the worst", (_, before, fault) => {
    const report = reportOfRevisions("prod", revision("main", before), revision("change", files(open)));
    expect(report.refused).toMatchObject({ revision: "main", faults: [expect.stringMatching(fault)] });
    expect(report.expected).toMatchObject([{ label: "perhaps whatever stands there" }]);
    expect(report.model).toContainEqual(
      expect.objectContaining({ what: "sent to", after: "https://models.example.com/v1" }),
    );
    expect(report.exposure).toContainEqual({ what: "Telegram chat", after: "1", effect: "widens" });
    expect(report.access.every(({ effect }) => effect === "widens")).toBe(true);
    expect(verdictOf(report).exitCode).toBe(4);
    expect(markdownOf(outlineOf(report))).toMatch(/What stood before\*\* not known: the settings at main are refused/);
    expect(written(report)).not.toContain("PLAIN");
  });

  test("secrets are compared all the same", () => {
    const before = open.replace("kind: embedded", "kind: opnshell");
    const report = changed(before, open.replace("v1:a", "v1:b"));
    expect(report.secrets).toMatchObject([{ name: "telegramToken", kind: "changed" }]);
    expect(changed(before, open).secrets).toEqual([]);
  });

  test("a preview beside them decides what happens and who can reach it", () => {
    const preview = reportOfPreview({ stack: "prod", preview: readPreview(previewJson([]), "it"), compared: "" });
    const both = combine(preview, changed(open.replace("kind: embedded", "kind: opnshell"), open));
    expect(both).toMatchObject({ expected: [], exposure: [], refused: { revision: "main" } });
    expect(verdictOf(both).exitCode).toBe(2);
  });

  test("a stack file that is gone is the end of the whole stack", () => {
    const report = reportOfRevisions("prod", revision("main", files("config: [")), revision("change", {}));
    expect(report.expected).toMatchObject([{ label: "the whole stack", deleted: true }]);
  });

  test("and widens nothing", () => {
    const report = reportOfRevisions("prod", revision("main", files(open)), revision("change", {}));
    expect(report.model).toContainEqual(expect.objectContaining({ what: "provider", effect: "narrows" }));
    expect(verdictOf(report)).toMatchObject({ exitCode: 4, headline: expect.not.stringContaining("widens") });
  });
});
