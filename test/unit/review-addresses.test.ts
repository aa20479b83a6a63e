import { describe, expect, test } from "vitest";
import { holdsVersion, withoutVersion } from "../../host/lock-version.ts";
import { lockFacts } from "../../review/revisions/lock-facts.ts";
import { revision } from "../support/preview-fixture.ts";

const told = (before: object, after: object) =>
  lockFacts(
    ...([before, after].map((lock, at) =>
      revision(["main", "change"][at] as string, { "nemoclaw.lock.json": JSON.stringify(lock) }),
    ) as [ReturnType<typeof revision>, ReturnType<typeof revision>]),
  ).map(({ effect, what, before: was, after: is, note }) =>
    [`${effect ?? "plain"}: ${what}`, was ?? "", is ?? "", ...(note ? [note] : [])].join(" | "),
  );

const [a, b] = ["a".repeat(64), "b".repeat(64)] as [string, string];
const tool = (version: string, url: string, sha256: string, more: object = {}) => ({
  artifacts: { tool: { version, files: { "linux-amd64": { url, sha256 } }, ...more } },
});
const at = (version: string) => `{artifacts}/o/tool/releases/download/v${version}/tool`;
const sums = `plain: tool, linux-amd64 | ${a} | ${b}`;
const address = "unclear: tool, linux-amd64, address";
const bumped = "plain: tool | 1.0 | 1.1";

describe("the address of an artifact", () => {
  test.each<[string, object, object, string[]]>([
    ["of its version", tool("1.0", at("1.0"), a), tool("1.1", at("1.1"), b), [bumped, sums]],
    [
      "of an older version than it says",
      tool("1.0", at("1.0"), a),
      tool("1.1", at("0.9"), b),
      [bumped, sums, `${address} | ${at("1.0")} | ${at("0.9")} | not of version 1.1: machines install what is there`],
    ],
    [
      "that stays, whatever it says",
      tool("1.0", at("1.0"), a),
      tool("1.1", at("1.0"), a),
      [bumped, `${address} |  | ${at("1.0")} | not of version 1.1: machines install what is there`],
    ],
    [
      "of a version that only begins like it",
      tool("1.0", at("1.0"), a),
      tool("1.1", at("1.10"), b),
      [bumped, sums, `${address} | ${at("1.0")} | ${at("1.10")} | not of version 1.1: machines install what is there`],
    ],
    [
      "of its version by the host alone",
      tool("1.0", "https://a.example/1.0/tool", a),
      tool("1.1", "https://v1.1.example/1.0/tool", b),
      [
        bumped,
        sums,
        `${address} | https://a.example/1.0/tool | https://v1.1.example/1.0/tool | not of version 1.1: machines install what is there`,
      ],
    ],
    [
      "on a host that is a number",
      tool("1.0", "https://10.1.2.3/tool-1.0", a),
      tool("1.1", "https://203.0.113.66/tool-1.1", b),
      [
        bumped,
        sums,
        `${address} | https://10.1.2.3/tool-1.0 | https://203.0.113.66/tool-1.1 | taken from another place`,
      ],
    ],
    [
      "with another number beside its version",
      tool("1.0", "{artifacts}/2.3/tool-1.0", a),
      tool("1.1", "{artifacts}/2.4/tool-1.1", b),
      [bumped, sums, `${address} | {artifacts}/2.3/tool-1.0 | {artifacts}/2.4/tool-1.1 | taken from another place`],
    ],
    ["that never was of it, unchanged", tool("1.0", at("0.9"), a), tool("1.0", at("0.9"), a), []],
    [
      "of a platform that is new",
      tool("1.0", at("1.0"), a),
      tool("1.0", at("1.0"), a, {
        files: { "linux-amd64": { url: at("1.0"), sha256: a }, "linux-arm64": { url: at("1.0"), sha256: b } },
      }),
      [`plain: tool, linux-arm64 |  | ${b}`, `plain: tool, linux-arm64, address |  | ${at("1.0")}`],
    ],
    [
      "that is new altogether",
      {},
      tool("1.1", at("1.0"), a),
      [
        "plain: tool |  | 1.1",
        `plain: tool, linux-amd64 |  | ${a}`,
        `${address} |  | ${at("1.0")} | not of version 1.1: machines install what is there`,
      ],
    ],
    [
      "that goes",
      tool("1.0", at("1.0"), a),
      { npm: { agent: {} } },
      ["plain: tool | 1.0 | ", `plain: tool, linux-amd64 | ${a} | `],
    ],
    [
      "of the list of checksums",
      tool("1.0", at("1.0"), a, { checksums: `${at("1.0")}.txt` }),
      tool("1.1", at("1.1"), b, { checksums: `${at("1.0")}.txt` }),
      [
        bumped,
        sums,
        `unclear: tool, its publisher's checksums |  | ${at("1.0")}.txt | not of version 1.1: machines install what is there`,
      ],
    ],
    [
      "of a list of checksums that is taken away",
      tool("1.0", at("1.0"), a, { checksums: `${at("1.0")}.txt` }),
      tool("1.1", at("1.1"), b),
      [bumped, sums, `unclear: tool, its publisher's checksums | ${at("1.0")}.txt |  | taken from another place`],
    ],
  ])("%s", (_, before, after, expected) => {
    expect(told(before, after)).toEqual(expected);
  });
});

describe("an image with archives", () => {
  const box = (tag: string, url: string, sha256: string, digest: string | null = null) => ({
    images: { [`r.example/box:${tag}`]: { digest, archives: { "linux-amd64": { url, sha256 } } } },
  });
  const site = (tag: string, host = "{artifacts}") => `${host}/box-${tag}.tar`;
  const [tag, archive, moved] = [
    "plain: image r.example/box | 1.0 | 1.1",
    `plain: r.example/box, linux-amd64 | ${a} | ${b}`,
    "unclear: r.example/box, linux-amd64, address",
  ];

  test.each<[string, object, object, string[]]>([
    ["of another tag", box("1.0", site("1.0"), a), box("1.1", site("1.1"), b), [tag, archive]],
    [
      "of another tag and digest",
      box("1.0", site("1.0"), a, "sha256:a"),
      box("1.1", site("1.1"), b, "sha256:b"),
      [tag, "plain: image r.example/box, digest | sha256:a | sha256:b", archive],
    ],
    [
      "of another tag, from elsewhere",
      box("1.0", site("1.0"), a),
      box("1.1", site("1.1", "{npm}"), b),
      [tag, archive, `${moved} | ${site("1.0")} | ${site("1.1", "{npm}")} | taken from another place`],
    ],
    [
      "of another tag, from the old one's file",
      box("1.0", site("1.0"), a),
      box("1.1", site("1.0"), a),
      [tag, `${moved} |  | ${site("1.0")} | not of version 1.1: machines install what is there`],
    ],
    [
      "that a site calls as it likes",
      box("1.0", "{artifacts}/box.tar", a),
      box("1.1", "{artifacts}/box.tar", b),
      [tag, archive],
    ],
    [
      "that is replaced under the same tag",
      box("1.0", site("1.0"), a),
      box("1.0", site("1.0"), b),
      [
        `unclear: r.example/box:1.0, linux-amd64 | ${a} | ${b} | another file under the same version: replaced by its publisher, or pinned wrongly before`,
      ],
    ],
    [
      "beside one of another name",
      box("1.0", site("1.0"), a),
      { images: { ...box("1.0", site("1.0"), a).images, "r.example/other:1.0": { digest: "sha256:c" } } },
      ["plain: image r.example/other:1.0 |  | sha256:c"],
    ],
    [
      "whose name has two new tags: which of them comes after it, nobody can tell",
      box("1.0", site("1.0"), a),
      { images: { ...box("1.1", site("1.1"), b).images, "r.example/box:1.2": { digest: "sha256:c" } } },
      [
        "plain: image r.example/box:1.0 | not pinned | ",
        `plain: r.example/box:1.0, linux-amd64 | ${a} | `,
        "plain: image r.example/box:1.1 |  | not pinned",
        `plain: r.example/box:1.1, linux-amd64 |  | ${b}`,
        `plain: r.example/box:1.1, linux-amd64, address |  | ${site("1.1")}`,
        "plain: image r.example/box:1.2 |  | sha256:c",
      ],
    ],
  ])("%s", (_, before, after, expected) => expect(told(before, after)).toEqual(expected));

  const pinned = (tag: string, sha: string) => ({ images: { [`r.example/box:${tag}`]: { digest: `sha256:${sha}` } } });
  const both = (...locks: { images: object }[]) => ({
    images: Object.assign({}, ...locks.map(({ images }) => images)),
  });
  const registry = "its registry, by digest";
  const from = (name: string, was: string, is: string) =>
    `unclear: r.example/box${name}, linux-amd64, address | ${was} | ${is} | taken from another place`;
  const [fresh, gone] = [`linux-amd64 |  | ${b}`, `linux-amd64 | ${a} | `];

  test.each<[string, object, object, string[]]>([
    [
      "beside the digest that it had",
      pinned("1.0", "a"),
      box("1.0", site("1.0"), b, "sha256:a"),
      [`plain: r.example/box:1.0, ${fresh}`, from(":1.0", registry, site("1.0"))],
    ],
    [
      "in the digest's place",
      pinned("1.0", "a"),
      box("1.0", site("1.0"), b),
      [
        "unclear: image r.example/box:1.0 | sha256:a | not pinned | pinned to another one under the same name",
        `plain: r.example/box:1.0, ${fresh}`,
        from(":1.0", registry, site("1.0")),
      ],
    ],
    [
      "in the digest's place, of another tag",
      pinned("1.0", "a"),
      box("1.1", site("1.1"), b),
      [
        tag,
        "plain: image r.example/box, digest | sha256:a | not pinned",
        `plain: r.example/box, ${fresh}`,
        from("", registry, site("1.1")),
      ],
    ],
    [
      "of another tag, beside the old one by its digest",
      pinned("1.0", "a"),
      both(pinned("1.0", "a"), box("1.1", site("1.1"), b)),
      [
        "plain: image r.example/box:1.1 |  | not pinned",
        `plain: r.example/box:1.1, ${fresh}`,
        from(":1.1", registry, site("1.1")),
      ],
    ],
    [
      "that go and leave the digest",
      box("1.0", site("1.0"), a, "sha256:a"),
      pinned("1.0", "a"),
      [
        `unclear: r.example/box:1.0, ${gone} | another file under the same version: replaced by its publisher, or pinned wrongly before`,
        from(":1.0", site("1.0"), registry),
      ],
    ],
    [
      "whose place a digest takes, of another tag",
      box("1.0", site("1.0"), a),
      pinned("1.1", "b"),
      [
        tag,
        "plain: image r.example/box, digest | not pinned | sha256:b",
        `plain: r.example/box, ${gone}`,
        from("", site("1.0"), registry),
      ],
    ],
    [
      "beside which the digest goes: machines had these before",
      box("1.0", site("1.0"), a, "sha256:a"),
      box("1.0", site("1.0"), a),
      ["unclear: image r.example/box:1.0 | sha256:a | not pinned | pinned to another one under the same name"],
    ],
    [
      "where nothing was pinned",
      { images: { "r.example/box:1.0": { digest: null } } },
      box("1.0", site("1.0"), b),
      [`plain: r.example/box:1.0, ${fresh}`, `plain: r.example/box:1.0, linux-amd64, address |  | ${site("1.0")}`],
    ],
  ])("%s", (_, before, after, expected) => expect(told(before, after)).toEqual(expected));
});

test("a package repository that is new tells its address, and another address of one cannot be told not to widen access", () => {
  const apt = (uri: string) => ({ apt: { docker: { uri, fingerprint: "A" } }, npm: {} });
  expect(told({}, apt("https://a.example"))).toEqual([
    "plain: apt repository docker |  | A",
    "plain: apt repository docker, address |  | https://a.example",
  ]);
  expect(told(apt("https://a.example"), apt("https://b.example"))).toEqual([
    "unclear: apt repository docker, address | https://a.example | https://b.example | taken from another place",
  ]);
});

test.each<[string, string, boolean]>([
  ["{artifacts}/v1.10.0/tool", "1.10.0", true],
  ["{npm}/npm/-/npm-1.10.0.tgz", "1.10.0", true],
  ["{artifacts}/v1.10.0/tool", "1.10", false],
  ["{artifacts}/v1.10.0/tool", "1.1", false],
  ["{artifacts}/v11.10/tool", "1.10", false],
  ["{artifacts}/v2.1.10/tool", "1.10", false],
  ["{artifacts}/v1x10/tool", "1.10", false],
  ["https://1.10.example/tool", "1.10", false],
  ["{artifacts}/v1.0.0-dev.7+g2f7fb65/tool", "1.0.0-dev.7+g2f7fb65", true],
])("%s holds version %s: %s", (url, version, holds) => {
  expect(holdsVersion(url, version)).toBe(holds);
  expect(withoutVersion(url, version) !== url).toBe(holds);
});
