import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { markdownOf } from "../../review/page/markdown.ts";
import { outlineOf } from "../../review/page/outline.ts";
import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import { previewJson } from "../support/preview-fixture.ts";
import { putProgram } from "../support/stand-ins.ts";

const project = resolve(import.meta.dirname, "../..");
const made: string[] = [];
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** A clone of a local remote with the real steps, and stand-ins for the scripts that they call. */
function clone(): {
  folder: string;
  run: (step: string, env: Record<string, string>, ...args: string[]) => ReturnType<typeof spawnSync>;
  commit: (file: string) => void;
  git: (...args: string[]) => string;
} {
  const root = mkdtempSync(join(tmpdir(), "nemoclaw-gitops-"));
  made.push(root);
  const git = (cwd: string, ...args: string[]) =>
    execFileSync("git", ["-C", cwd, "-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
      encoding: "utf8",
      stdio: "pipe",
    });
  const remote = join(root, "remote.git");
  const folder = join(root, "clone");
  git(root, "init", "-q", "--bare", "-b", "main", remote);
  git(root, "clone", "-q", remote, folder);
  cpSync(join(project, "gitops/steps"), join(folder, "gitops/steps"), { recursive: true });
  const script = (name: string, text: string) =>
    putProgram(join(folder, "scripts"), name, `echo "${name} $*" >>calls\n${text}`);
  script(
    "pulumi",
    `case $* in
*--save-plan*) [ -z "$MEANWHILE" ] || mkdir -p ../tags; [ -z "$MEANWHILE" ] || echo "$MEANWHILE" >../tags/nemoclaw:begun; echo plan >reviewed/plan.json; echo "{}"; exit $((PULUMI_CODE)) ;;
*export*) echo state; exit $((EXPORT_CODE)) ;;
up*) exit $((UP_CODE)) ;;
"stack tag set $REFUSED_TAG "*) exit 1 ;;
"stack tag set"*) mkdir -p ../tags; echo "$5" >"../tags/$4" ;;
"stack tag ls"*)
  cat ../tags.json 2>&- || {
    printf '{'
    [ ! -e ../tags ] || for tag in $(ls ../tags); do printf '"%s": "%s", ' "$tag" "$(cat "../tags/$tag")"; done
    printf '"pulumi:project": "nemoclaw"}'
  }
  exit $((TAG_CODE)) ;;
esac`,
  );
  script("review", 'cat "$6" >>calls; echo report >reviewed/review.md; exit $((REVIEW_CODE))');
  putProgram(join(folder, "scripts"), "with-node.sh", '[ -z "$NAMED" ] || echo "$NAMED"\nexit $((NAMED_CODE))');
  writeFileSync(join(folder, ".gitignore"), "calls\nreviewed\n");
  git(folder, "checkout", "-q", "-b", "main");
  git(folder, "add", ".");
  git(folder, "commit", "-qm", "one");
  git(folder, "push", "-q", "origin", "main");
  return {
    folder,
    run: (step, env, ...args) =>
      spawnSync(`gitops/steps/${step}`, args, { cwd: folder, encoding: "utf8", env: { ...process.env, ...env } }),
    commit(file) {
      writeFileSync(join(folder, file), "");
      git(folder, "add", file);
      git(folder, "commit", "-qm", file);
    },
    git: (...args) => git(folder, ...args).trim(),
  };
}

describe("the steps, in a clone of a local remote, with stand-ins for scripts/pulumi and scripts/review", () => {
  test.each([["0"], ["2"], ["3"], ["4"]])("a review that ends with %s is a review", (code) => {
    const { folder, run, git } = clone();
    expect(run("review", { REVIEW_CODE: code }, "prod", "HEAD", "reviewed").status).toBe(0);
    expect(readFileSync(join(folder, "reviewed/verdict"), "utf8")).toBe(`${code}\n`);
    expect(run("apply", {}, "prod", "reviewed").status).toBe(0);
    const calls = readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
    const state = /--state (\S+)/.exec(calls[3] ?? "")?.[1] ?? "";
    const asked = "pulumi stack tag ls -s prod --json --non-interactive";
    expect(calls.slice(0, 5)).toEqual([
      asked,
      "pulumi preview -s prod --refresh --json --show-sames --non-interactive --save-plan reviewed/plan.json",
      "pulumi stack export -s prod --non-interactive",
      `review -s prod --preview reviewed/preview.json --state ${state} --from HEAD --out reviewed`,
      "state",
    ]);
    expect(existsSync(state)).toBe(false);
    const applied = "pulumi up -s prod --yes --refresh --skip-preview --non-interactive --plan reviewed/plan.json";
    const [begun, ended] = [code === "0" ? "unchanged" : "begun", "applied"].map(
      (word) => `pulumi stack tag set nemoclaw:${word} ${git("rev-parse", "HEAD")} -s prod --non-interactive`,
    );
    const looked = "pulumi refresh -s prod --yes --skip-preview --non-interactive";
    expect(calls.slice(5)).toEqual(code === "0" ? [asked, begun, ended] : [asked, begun, applied, ended, looked]);
  });

  test("a review that cannot be made, or a failed preview, leaves nothing to approve", () => {
    const { folder, run } = clone();
    expect(run("review", { REVIEW_CODE: "1" }, "prod", "-", "reviewed").status).toBe(1);
    expect(existsSync(join(folder, "reviewed/verdict"))).toBe(false);
    expect(run("review", { PULUMI_CODE: "255" }, "prod", "0000000000", "reviewed").status).toBe(1);
    expect(readFileSync(join(folder, "reviewed/review.md"), "utf8")).not.toContain("report");
    expect(existsSync(join(folder, "reviewed/plan.json"))).toBe(false);
    expect(run("apply", {}, "prod", "reviewed").status).not.toBe(0);
  });

  test("a review that fails leaves words for the comment of the one before, which it is found by", () => {
    const { folder, run, git } = clone();
    expect(run("review", { PULUMI_CODE: "255" }, "acme/prod", "-", "reviewed").status).toBe(1);
    const [marker, ...words] = readFileSync(join(folder, "reviewed/review.md"), "utf8").split("\n");
    const preview = readPreview(previewJson([]), "it");
    const report = markdownOf(outlineOf(reportOfPreview({ stack: "acme/prod", preview, compared: "it" })));
    expect(marker).toBe(report.split("\n")[0]);
    expect(words.join("\n")).toContain(`There is no review of ${git("rev-parse", "--short", "HEAD")}.`);
  });

  test.each([
    [
      "error: no stack named 'prod' found",
      "Where it was never made, make it once, by hand: scripts/pulumi stack init prod ",
    ],
    ["error: AccessDenied", undefined],
  ])(
    "a stack whose tags cannot be read (%s) ends a review with 1, and says what to do where it is not there",
    (said, hint) => {
      const { folder, run, git } = clone();
      putProgram(join(folder, "scripts"), "pulumi", `echo "${said}" >&2\nexit 255`);
      git("commit", "-qam", "no stack");
      const backend = "postgres://somebody:pass/w@rd@db.example.com/state?token=hunter2";
      const { status, stderr } = run("review", { PULUMI_BACKEND_URL: backend }, "prod", "-", "reviewed");
      expect([status, String(stderr).includes(said)]).toEqual([1, true]);
      expect(stderr).not.toMatch(/w@rd|somebody|hunter2/);
      expect(stderr).toContain("What was applied to stack prod could not be read (exit 255).\n");
      expect(
        String(stderr)
          .split("\n")
          .filter((line) => line.includes("stack init")),
      ).toEqual(hint ? [expect.stringContaining(hint)] : []);
      // First what else the same words may mean.
      expect(/PULUMI_BACKEND_URL[^\n]*\n[^\n]*stack init[^\n]*commit the stack file/.test(String(stderr))).toBe(
        hint !== undefined,
      );
      expect(readFileSync(join(folder, "reviewed/review.md"), "utf8")).toContain("There is no review of");
    },
  );

  test("whatever fails in a review, it ends with 1", () => {
    expect(clone().run("review", { NAMED_CODE: "7" }, "prod", "-", "reviewed").status).toBe(1);
  });

  test("a look for drift that fails leaves nothing of the one before", () => {
    const { folder, run } = clone();
    putProgram(join(folder, "scripts"), "drift", "exit 1");
    mkdirSync(join(folder, "found"));
    for (const file of ["drift.md", "drift.html"]) writeFileSync(join(folder, "found", file), "none");
    expect(run("drift", {}, "prod", "found").status).toBe(1);
    expect(readdirSync(join(folder, "found"))).toEqual([]);
  });

  test.each([
    ["the report cannot be made", { REVIEW_CODE: "1" }],
    ["the preview fails", { PULUMI_CODE: "255" }],
    ["the state cannot be read", { EXPORT_CODE: "255" }],
  ])("where %s, nothing of the review before it is left to approve", (_, env) => {
    const { folder, run, commit } = clone();
    expect(run("review", { REVIEW_CODE: "2" }, "prod", "-", "reviewed").status).toBe(0);
    writeFileSync(join(folder, "reviewed/review.html"), "");
    commit("more");
    expect(run("review", env, "prod", "-", "reviewed").status).toBe(1);
    expect(["verdict", "review.html"].filter((file) => existsSync(join(folder, "reviewed", file)))).toEqual([]);
    expect(run("apply", {}, "prod", "reviewed").status).not.toBe(0);
    expect(readFileSync(join(folder, "calls"), "utf8")).not.toMatch(/pulumi up/);
  });

  test("a state that cannot be read leaves nothing to approve, since a half-way stack would look whole", () => {
    const { folder, run } = clone();
    const { status, stderr } = run("review", { EXPORT_CODE: "255" }, "prod", "-", "reviewed");
    expect(status, String(stderr)).toBe(1);
    expect(existsSync(join(folder, "reviewed/plan.json"))).toBe(false);
  });

  test.each([["0"], ["2"]])("a review of one stack that ends with %s applies nothing to another", (code) => {
    const { folder, run } = clone();
    run("review", { REVIEW_CODE: code }, "staging", "-", "reviewed");
    const { status, stdout, stderr } = run("apply", {}, "prod", "reviewed");
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/stack staging, not prod/);
    expect(readFileSync(join(folder, "calls"), "utf8")).not.toMatch(/pulumi up/);
  });

  test.each([[""], ["1\n"], ["yes\n"]])("a verdict that is none is not applied: %j", (text) => {
    const { folder, run } = clone();
    run("review", { REVIEW_CODE: "2" }, "prod", "-", "reviewed");
    writeFileSync(join(folder, "reviewed/verdict"), text);
    const { status, stderr } = run("apply", {}, "prod", "reviewed");
    expect(status).toBe(1);
    expect(stderr).toMatch(/no verdict/);
    expect(readFileSync(join(folder, "calls"), "utf8")).not.toMatch(/pulumi up/);
  });

  test("a folder without a whole review is told as that", () => {
    const { run } = clone();
    const { status, stderr } = run("apply", {}, "prod", "nowhere");
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^There is no review in nowhere: it has no file stack\. gitops\/steps\/review prod BASE nowhere/,
    );
  });

  test("other files than the reviewed ones are not applied", () => {
    const { run, commit } = clone();
    run("review", { REVIEW_CODE: "3" }, "prod", "-", "reviewed");
    commit("more");
    const answer = run("apply", {}, "prod", "reviewed");
    expect(answer.status).toBe(1);
    expect(answer.stderr).toMatch(/Review it again/);
  });

  describe("files that are changed and not committed", () => {
    const reviewed = () => {
      const one = clone();
      one.commit("settings");
      expect(one.run("review", { REVIEW_CODE: "3" }, "prod", "-", "reviewed").status).toBe(0);
      return one;
    };

    test("are not reviewed, and what was before is not left to approve", () => {
      const { folder, run } = reviewed();
      writeFileSync(join(folder, "settings"), "other");
      const { status, stderr } = run("review", {}, "prod", "-", "reviewed");
      expect(status).toBe(1);
      expect(stderr).toMatch(/not as they were committed.*:\nsettings\n/);
      expect(existsSync(join(folder, "reviewed/verdict"))).toBe(false);
    });

    test.each([
      ["changed", (file: string) => writeFileSync(file, "other")],
      ["gone", (file: string) => rmSync(file)],
    ])("are not applied: one that is %s", (_, change) => {
      const { folder, run } = reviewed();
      change(join(folder, "settings"));
      const { status, stderr } = run("apply", {}, "prod", "reviewed");
      expect(status).toBe(1);
      expect(stderr).toMatch(/not as they were committed.*:\nsettings\n/);
      expect(readFileSync(join(folder, "calls"), "utf8")).not.toMatch(/pulumi up/);
    });

    test.each(["review", "apply"])("count where the program would load them: %s", (step) => {
      const { folder, run } = reviewed();
      mkdirSync(join(folder, "stacks"));
      writeFileSync(join(folder, "stacks/Pulumi.prod.yaml"), "");
      const { status, stderr } = run(step, {}, "prod", ...(step === "review" ? ["-"] : []), "reviewed");
      expect(status).toBe(1);
      expect(stderr).toMatch(/:\nstacks\/Pulumi\.prod\.yaml\n/);
      expect(readFileSync(join(folder, "calls"), "utf8")).not.toMatch(/pulumi up/);
    });

    test.each(["review", "apply"])("count where the stack's settings name them: %s", (step) => {
      const { folder, run } = reviewed();
      const words = ["prod", ...(step === "review" ? ["-"] : []), "reviewed"];
      const { status, stderr } = run(step, { NAMED: "site/policy.yaml" }, ...words);
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /is a commit:\nsite\/policy\.yaml\nCommit them.* git add -f .*\n.*move what is new out of the checkout/,
      );
      // It does nothing to what git ignores, and with -x it removes what may be the only copy.
      expect(stderr).not.toContain("git clean");
      expect(run(step, { NAMED_CODE: "1" }, ...words).status).toBe(1);
      expect(readFileSync(join(folder, "calls"), "utf8")).not.toMatch(/pulumi up/);
    });

    test("do not count where git knows nothing of them, such as what a pipeline puts there", () => {
      const { folder, run } = reviewed();
      writeFileSync(join(folder, "credentials.json"), "");
      expect(run("apply", {}, "prod", "reviewed").status).toBe(0);
    });
  });
});

describe("a review with what was applied last as its BASE", () => {
  const cycle = () => {
    const one = clone();
    const head = () => one.git("rev-parse", "HEAD");
    /** What the report compares with, by the words that scripts/review gets. */
    const review = (env: Record<string, string> = {}) => {
      const { status, stderr } = one.run("review", { REVIEW_CODE: "2", ...env }, "prod", "applied", "reviewed");
      const calls = readFileSync(join(one.folder, "calls"), "utf8").trim().split("\n");
      const said = calls.findLast((call) => call.startsWith("review "));
      return { status, stderr, from: / --from (\S+)/.exec(said ?? "")?.[1] };
    };
    return { ...one, head, review, apply: (env = {}) => one.run("apply", env, "prod", "reviewed").status };
  };

  test("compares with that, past merges that were reviewed and never applied", () => {
    const { head, review, apply, commit } = cycle();
    const first = head();
    expect(review()).toEqual({ status: 0, stderr: "", from: undefined });
    expect(apply()).toBe(0);
    commit("rejected");
    expect(review().from).toBe(first);
    commit("cut off");
    expect(review().from).toBe(first);
    expect(apply({ UP_CODE: "255" })).toBe(255);
    expect(review().from).toBe(first);
    expect(apply()).toBe(0);
    expect(review().from).toBe(head());
  });

  test("what was applied and could not be noted is applied, and the next review compares with more", () => {
    const { folder, run, review } = cycle();
    expect(review().status).toBe(0);
    const { status, stderr } = run("apply", { REFUSED_TAG: "nemoclaw:applied" }, "prod", "reviewed");
    expect(status).toBe(0);
    expect(stderr).toMatch(/It is applied, and that could not be noted/);
    expect(readFileSync(join(folder, "calls"), "utf8")).toMatch(/pulumi up/);
  });

  test("compares with nothing, and says so, where this clone does not have it", () => {
    const { folder, review } = cycle();
    writeFileSync(join(folder, "../tags.json"), `{"nemoclaw:applied": "${"a1".repeat(20)}", "owner": "x"}`);
    const { status, stderr, from } = review();
    expect({ status, from }).toEqual({ status: 0, from: undefined });
    expect(stderr).toMatch(/does not have (a1){20}.*No revisions are compared/);
  });

  test("is none where what was applied last cannot be asked", () => {
    const { folder, review } = cycle();
    const { status, stderr } = review({ TAG_CODE: "6" });
    expect(status).toBe(1);
    expect(stderr).toBe("What was applied to stack prod could not be read (exit 6).\n");
    expect(existsSync(join(folder, "reviewed/plan.json"))).toBe(false);
  });
});

describe("a plan that was made before another revision was applied", () => {
  /** Reviewed at the first of two commits, as a pipeline does that waits for its approval while the next one comes. */
  const waiting = () => {
    const one = clone();
    const at = (revision: string, step: () => void) => {
      one.git("checkout", "-q", revision);
      step();
    };
    const review = () => expect(one.run("review", { REVIEW_CODE: "2" }, "prod", "applied", "reviewed").status).toBe(0);
    const plan = join(one.folder, "reviewed");
    const keep = () => renameSync(plan, `${plan}-kept`);
    const restore = () => {
      rmSync(plan, { recursive: true });
      renameSync(`${plan}-kept`, plan);
    };
    const apply = (env = {}) => one.run("apply", env, "prod", "reviewed");
    const tag = () => /^applied (.*)$/m.exec(String(one.run("noted", {}, "prod").stdout))?.[1];
    return { ...one, at, review, keep, restore, apply, tag, first: one.git("rev-parse", "HEAD") };
  };
  const ups = (folder: string) => readFileSync(join(folder, "calls"), "utf8").match(/pulumi up/g) ?? [];

  test("is refused where that one is newer: it would be taken back, and its tag", () => {
    const { folder, at, commit, git, first, review, keep, restore, apply, tag } = waiting();
    review();
    keep();
    commit("newer");
    const newer = git("rev-parse", "HEAD");
    review();
    expect(apply().status).toBe(0);
    at(first, restore);
    const { status, stderr } = apply();
    expect(status).toBe(1);
    expect(stderr).toBe(
      `Since this was reviewed, ${newer} was applied to stack prod, and ${git("rev-parse", "--short", "HEAD")} does not contain it. Review it again.\n`,
    );
    expect(tag()).toBe(newer);
    expect(ups(folder)).toHaveLength(1);
  });

  test("is applied where that one is in it: two merges, approved in their order", () => {
    const { folder, at, commit, git, first, review, keep, restore, apply, tag } = waiting();
    commit("newer");
    const newer = git("rev-parse", "HEAD");
    review();
    keep();
    at(first, review);
    expect(apply().status).toBe(0);
    at(newer, restore);
    expect(apply().status).toBe(0);
    expect(tag()).toBe(newer);
    expect(ups(folder)).toHaveLength(2);
  });

  test("an older revision that was reviewed after the newer one goes back to it, since somebody has approved that", () => {
    const { at, commit, first, review, apply, tag } = waiting();
    commit("newer");
    review();
    expect(apply().status).toBe(0);
    at(first, review);
    expect(apply().status).toBe(0);
    expect(tag()).toBe(first);
  });

  test("is refused where nothing was to be done, and that one has changed what stands", () => {
    const { folder, run, commit, git, review, keep, restore, apply, at } = waiting();
    commit("widens");
    const widens = git("rev-parse", "HEAD");
    review();
    keep();
    commit("takes it back");
    const back = git("rev-parse", "HEAD");
    expect(run("review", { REVIEW_CODE: "0" }, "prod", "applied", "reviewed").status).toBe(0);
    renameSync(join(folder, "reviewed"), join(folder, "reviewed-back"));
    mkdirSync(join(folder, "reviewed"));
    at(widens, restore);
    expect(apply().status).toBe(0);
    git("checkout", "-q", back);
    const { status, stderr } = run("apply", {}, "prod", "reviewed-back");
    expect(status).toBe(1);
    expect(stderr).toBe(
      `Since this was reviewed as no change, ${widens} was applied to stack prod. Review it again.\n`,
    );
  });

  test("of two that are no change both are applied in their order, and a job that is run again passes", () => {
    const { folder, run, commit, git, apply, at, tag } = waiting();
    const noChange = () => expect(run("review", { REVIEW_CODE: "0" }, "prod", "applied", "reviewed").status).toBe(0);
    commit("docs");
    const docs = git("rev-parse", "HEAD");
    noChange();
    renameSync(join(folder, "reviewed"), join(folder, "reviewed-docs"));
    commit("more docs");
    const more = git("rev-parse", "HEAD");
    noChange();
    at(docs, () => {
      for (const _ of ["once", "again"]) expect(run("apply", {}, "prod", "reviewed-docs").status).toBe(0);
    });
    at(more, () => {
      for (const _ of ["once", "again"]) expect(apply().status).toBe(0);
    });
    expect(tag()).toBe(more);
    expect(ups(folder)).toEqual([]);
  });

  test("is refused where a newer one was found to be no change", () => {
    const { folder, run, commit, first, review, keep, restore, apply, at } = waiting();
    review();
    keep();
    commit("no change");
    expect(run("review", { REVIEW_CODE: "0" }, "prod", "applied", "reviewed").status).toBe(0);
    expect(apply().status).toBe(0);
    at(first, restore);
    expect(apply().status).toBe(1);
    expect(ups(folder)).toEqual([]);
  });

  test("is refused where that one did not come to its end", () => {
    const { folder, at, commit, first, review, keep, restore, apply } = waiting();
    review();
    keep();
    commit("newer");
    review();
    expect(apply({ UP_CODE: "255" }).status).toBe(255);
    at(first, restore);
    expect(apply().status).toBe(1);
    expect(ups(folder)).toHaveLength(1);
  });

  test("is refused where that one was applied while the plan was made", () => {
    const { folder, at, commit, git, first, run, review, keep, restore, apply } = waiting();
    review();
    keep();
    commit("newer");
    review();
    const newer = git("rev-parse", "HEAD");
    at(first, restore);
    expect(run("review", { REVIEW_CODE: "2", MEANWHILE: newer }, "prod", "applied", "reviewed").status).toBe(0);
    expect(apply().status).toBe(1);
    expect(ups(folder)).toEqual([]);
  });

  test.each([
    ["what was applied last cannot be asked", { TAG_CODE: "6" }, /^What was applied to stack prod could not be read/],
    ["that it begins cannot be noted", { REFUSED_TAG: "nemoclaw:begun" }, /^$/],
    ["that nothing changes cannot be noted", { REFUSED_TAG: "nemoclaw:unchanged", REVIEW_CODE: "0" }, /^$/],
  ])("nothing is applied where %s", (_, env, said) => {
    const { folder, run, apply } = waiting();
    run("review", { REVIEW_CODE: "2", ...env, REFUSED_TAG: "", TAG_CODE: "" }, "prod", "applied", "reviewed");
    const { status, stdout, stderr } = apply(env);
    expect(stdout).toBe("");
    expect(status).not.toBe(0);
    expect(stderr).toMatch(said);
    expect(ups(folder)).toEqual([]);
  });

  test.each([
    ["null", /The tags of stack prod could not be read/],
    [
      '{"nemoclaw:begun": "v1.4.0"}',
      /tag nemoclaw:begun of stack prod is v1\.4\.0, which is not the whole id of a commit/,
    ],
  ])("tags that are %s are not none", (tags, said) => {
    const { folder, run, review, apply } = waiting();
    review();
    writeFileSync(join(folder, "../tags.json"), tags);
    const { status, stderr } = apply();
    expect(status).toBe(1);
    expect(stderr).toMatch(said);
    expect(ups(folder)).toEqual([]);
    expect(run("review", {}, "prod", "applied", "reviewed").status).toBe(1);
  });
});

describe("a step that is called wrongly says how it is called, and ends with 64, which is no drift", () => {
  let where: ReturnType<typeof clone>;
  beforeAll(() => {
    where = clone();
  });
  const steps = readdirSync(join(project, "gitops/steps"));
  const words = (step: string) => {
    const [, line = ""] = new RegExp(`usage: gitops/steps/${step} ([A-Z ]+)`).exec(read(step)) ?? [];
    return line.trim().split(" ");
  };
  const read = (step: string) => readFileSync(join(project, "gitops/steps", step), "utf8");

  test.each(
    steps.flatMap((step) => {
      const all = words(step);
      const empty = all.map((_, index) => [step, all.map((word, at) => (at === index ? "" : word))] as const);
      return [[step, []] as const, [step, [...all, "more"]] as const, ...empty];
    }),
  )("%s %j", (step, args) => {
    const { status, stderr } = where.run(step, {}, ...args);
    expect({ status, stderr }).toEqual({ status: 64, stderr: expect.stringMatching(`^usage: gitops/steps/${step} `) });
    expect(existsSync(join(where.folder, "calls"))).toBe(false);
  });
});
