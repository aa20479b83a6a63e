import { describe, expect, test } from "vitest";
import { driftOutline } from "../../review/page/drift-outline.ts";
import { markdownOf } from "../../review/page/markdown.ts";
import { outlineOf } from "../../review/page/outline.ts";
import { verdictOf } from "../../review/report.ts";
import { block, network, type Planned } from "../support/preview-fixture.ts";
import { reviewed } from "../support/reviewed.ts";

const of = (...names: string[]) =>
  Object.fromEntries(names.map((name) => [name, block(`${name}.example.com`, { access: "full" })]));

test("an upgrade that was cut off is told with what an update does, and what comes of one that does not work", () => {
  const inputs = { running: true, chats: [1] };
  const type = "nemoclaw:host:TelegramBridge";
  const found = { type, name: "main-bridge", recorded: inputs, before: inputs, after: inputs };
  const seen = { cutOffUpgrade: true };
  const report = reviewed({ ...found, seen });
  expect(verdictOf(report).exitCode).toBe(2);
  expect(markdownOf(outlineOf(report))).not.toContain("if it fails");
  expect(markdownOf(outlineOf(report))).toMatch(
    /main-bridge.*cut off: what runs is tried, and stays where it works; else what ran before that is put back, with its .* credentials \|/,
  );
  expect(markdownOf(outlineOf(reviewed(found)))).not.toContain("cut off");
  const changed = reviewed({ ...found, after: { ...inputs, chats: [2] }, seen });
  expect(markdownOf(outlineOf(changed))).toMatch(
    /chats.*; an upgrade of it was cut off: where this does not work, what ran/,
  );
  const box = { runtime: "openshell", sandbox: "main" };
  const made = reviewed({ type: "nemoclaw:host:Sandbox", name: "main", recorded: box, before: box, after: box, seen });
  expect(markdownOf(outlineOf(made))).toMatch(
    /\| if it fails: the agent restarts; .* goes \| .*what runs is tried.*for which the sandbox is made anew \|/,
  );
  expect(verdictOf({ ...made, guardrails: undefined }).exitCode).toBe(2);
});

test("what was changed by hand of something that the update deletes is neither put back nor kept", () => {
  const type = "nemoclaw:host:TelegramBridge";
  const gone = reviewed({ type, name: "main-bridge", recorded: { running: true }, before: { running: false } });
  expect(gone.drift).toMatchObject([{ values: [{ path: "running", update: "changes" }] }]);
});

test("and drift tells it, beside what has changed or alone", () => {
  const inputs = { running: true };
  const type = "nemoclaw:host:TelegramBridge";
  const found = { type, name: "main-bridge", recorded: inputs, before: inputs, after: inputs };
  const cut = driftOutline(reviewed({ ...found, seen: { cutOffUpgrade: true } }));
  expect(cut).toMatchObject({ exitCode: 2, headline: "No drift; an upgrade was cut off" });
  expect(markdownOf(cut)).toMatch(/main-bridge.*cut off: what runs is tried/);
  expect(markdownOf(cut)).toContain("To settle it: scripts/pulumi up --refresh -s STACK.");
  const drifted = { ...found, before: { running: false }, seen: { running: false, cutOffUpgrade: true } };
  expect(driftOutline(reviewed(drifted)).headline).toMatch(/^One thing has changed.*; an upgrade was cut off$/);
  expect(driftOutline(reviewed(found))).toMatchObject({ exitCode: 0, headline: "No drift" });
});

describe("access that was opened by hand and is wanted by now", () => {
  test("is gained, beside what an update takes back", () => {
    const report = reviewed(network(of("api", "good", "evil"), of("api", "good"), of("api")));
    expect(verdictOf(report)).toEqual({ exitCode: 3, headline: "Widens access; undoes drift" });
    const text = markdownOf(outlineOf(report));
    expect(text).toMatch(/1 gained, 1 lost/);
    expect(text).toMatch(/gains .*good.example.com.*opened without an update, and wanted so now/);
    expect(text).toMatch(/loses .*evil.example.com/);
  });

  test("is gained where nothing else has changed, and an update only notes it", () => {
    const planned = network(of("api", "good"), of("api", "good"), of("api"));
    const leftByUpdate = { values: { networkPolicies: of("api") }, absent: [] };
    const report = reviewed({ ...planned, recorded: planned.before, kept: { leftByUpdate }, seen: { leftByUpdate } });
    expect(verdictOf(report)).toEqual({ exitCode: 3, headline: "Widens access" });
    expect(markdownOf(outlineOf(report))).toMatch(/only noted: what was changed without an update is wanted so now/);
  });

  test("is told once where an update gives it with more", () => {
    const report = reviewed(network(of("api", "good"), of("api", "good", "more"), of("api")));
    const gained = report.access.map(({ effect, where }) => `${effect} ${where}`);
    expect(gained).toEqual(["widens good.example.com:443", "widens more.example.com:443"]);
  });

  test("is none where the last update left it, or it was shut by hand and is opened again", () => {
    expect(reviewed(network(of("api", "evil"), of("api"), of("api"))).access).toMatchObject([{ effect: "narrows" }]);
    expect(reviewed(network(of("api"), of("api", "good"), of("api", "good"))).access).toMatchObject([
      { effect: "widens", where: "good.example.com:443" },
    ]);
  });
});

describe("what else was changed by hand and is wanted by now", () => {
  const bridge = (...chats: number[]) => ({ chats, token: "[secret]", running: true });
  const kept = (type: string, name: string, left: object, now: object): Planned => {
    const [before, recorded] = [{ ...now }, { ...left }];
    return {
      type,
      name,
      before,
      after: { ...now },
      recorded,
      seen: { leftByUpdate: { values: recorded, absent: [] } },
    };
  };

  test("counts as more: whom a bridge answers, and where the model is asked", () => {
    const chats = reviewed(kept("nemoclaw:host:TelegramBridge", "telegram", bridge(1), bridge(1, 666)));
    expect(verdictOf(chats)).toEqual({ exitCode: 3, headline: "Widens access" });
    expect(JSON.stringify(chats.exposure)).toMatch(/666.*changed without an update, and wanted so now/);

    const at = (host: string) => ({ kind: "openai", model: "m1", baseUrl: `https://${host}/v1` });
    const asked = kept(
      "nemoclaw:host:InferenceRoute",
      "main-inference",
      at("models.example.com"),
      at("evil.example.com"),
    );
    expect(reviewed(asked).model).toMatchObject([{ what: "sent to", after: "https://evil.example.com/v1" }]);
    expect(verdictOf(reviewed(asked)).exitCode).toBe(3);
  });

  test("counts as more where no rule looks into it, beside what an update changes", () => {
    const type = "aws:iam/role:Role";
    const role = (description: string, more: object = {}) => ({ assumeRolePolicy: "x", description, ...more });
    const bounded = { permissionsBoundary: "arn:aws:iam::aws:policy/ReadOnlyAccess" };
    const planned = { type, name: "one", before: role("a"), after: role("b") };
    const report = reviewed({ ...planned, recorded: role("a", bounded) });
    expect(report.unjudged).toEqual([
      {
        what: `permissionsBoundary of ${report.resources[0]?.label} one`,
        before: bounded.permissionsBoundary,
        after: undefined,
        effect: "unclear",
        note: `what this opens is not looked into: ${type}; changed without an update, and wanted so now`,
      },
    ]);
    expect(verdictOf(report).exitCode).toBe(3);
    // Taken back by the update, it is as it was.
    const undone = reviewed({ ...planned, after: role("b", bounded), recorded: role("a", bounded) });
    expect(JSON.stringify(undone.unjudged)).not.toContain("wanted so now");
  });

  test("is nothing of a type that no rule looks into where an update puts all of it back", () => {
    const found = { type: "aws:kms/key:Key", name: "one", before: { policy: "evil" }, after: { policy: "me" } };
    expect(reviewed({ ...found, recorded: { policy: "me" } }).unjudged).toMatchObject([
      { before: "evil", after: "me", note: expect.not.stringContaining("wanted so now") },
    ]);
  });

  test("is told once where an update changes it, too, and not at all where it takes away", () => {
    const more = { ...kept("nemoclaw:host:TelegramBridge", "telegram", bridge(1), bridge(1)), after: bridge(1, 2) };
    expect(reviewed(more).exposure).toHaveLength(1);
    expect(
      verdictOf(reviewed(kept("nemoclaw:host:TelegramBridge", "telegram", bridge(1, 2), bridge(1)))).exitCode,
    ).toBe(2);
  });
});

describe("drift", () => {
  test("says of each thing whether an update puts it back, keeps it or changes it", () => {
    const some = { other: block("some.example.com", { access: "read-only" }) };
    const text = markdownOf(
      outlineOf(reviewed(network({ ...of("api", "good", "evil"), ...some }, of("api", "good", "other"), of("api")))),
    );
    expect(text).toMatch(/networkPolicies.good<.*\| keeps it \|/);
    expect(text).toMatch(/networkPolicies.evil<.*\| puts it back \|/);
    expect(text).toMatch(/networkPolicies.other<.*\| changes it \|/);
    expect(text).toMatch(/good.example.com.*the code wants it by now: an update keeps it/);
    expect(text).not.toMatch(/evil.example.com.*an update keeps it/);
    expect(text).not.toContain("An update puts this back");
  });

  test("that an update keeps is not more than the code says", () => {
    const headline = (planned: Planned) => driftOutline(reviewed(planned)).headline;
    const more = "One thing has changed without an update; the agent has more access than the code says";
    expect(headline(network(of("api", "good"), of("api", "good", "more"), of("api")))).toBe(
      "One thing has changed without an update",
    );
    expect(headline(network(of("api", "good", "evil"), of("api", "good"), of("api")))).toBe(more);
  });
});
