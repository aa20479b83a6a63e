import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { putProgram } from "../support/stand-ins.ts";

/** The report as one comment that is edited. GitHub's command line and GitLab's API are stand-ins; the steps are the real ones. */

const steps = resolve(import.meta.dirname, "../../gitops/steps");
const marker = "<!-- nemoclaw-review prod -->";
let folder: string;
let report: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nemoclaw-comment-"));
  report = join(folder, "review.md");
  writeFileSync(report, `${marker}\n# It's "new" & \`x\` 100 % größer\n`);
});
afterEach(() => rmSync(folder, { recursive: true }));

function run(step: string, args: string[], env: Record<string, string>) {
  const PATH = [folder, join(process.execPath, ".."), process.env.PATH].join(delimiter);
  const child = spawn(join(steps, step), args, { env: { PATH, ...env } });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
  return new Promise<{ code: number | null; said: string }>((done) =>
    child.on("close", (code) => done({ code, said })),
  );
}

describe("on GitHub, by a stand-in for gh", () => {
  // As the real one does with these options: every page, in one list of lists.
  const gh = `printf '%s\\n' "$*" >>"$FOLDER/calls"
case $* in *"--paginate --slurp") printf '%s' "$PAGES" ;; *"--jq .head.sha") echo "$NEWEST" ;; esac`;
  type Comment = { id: number; user: { type: "Bot" | "User" } | null; body: string | null };
  const by = (type: "Bot" | "User", id: number, body: string): Comment => ({ id, user: { type }, body });
  const comment = async (...pages: Comment[][]) => {
    const { code, said, calls } = await about("a1", pages);
    expect(code, said).toBe(0);
    return calls.slice(2);
  };
  const about = async (commit: string, pages: Comment[][]) => {
    putProgram(folder, "gh", gh);
    const service = { GITHUB_REPOSITORY: "o/r", GH_TOKEN: "secret-token" };
    const env = { FOLDER: folder, PAGES: JSON.stringify(pages), NEWEST: "a1", ...service };
    const done = await run("comment-on-github", ["7", commit, report], env);
    return { ...done, calls: readFileSync(join(folder, "calls"), "utf8").trim().split("\n") };
  };
  const isNew = () => [`api --silent -X POST repos/o/r/issues/7/comments -F body=@${report}`];

  test("the first report is a new comment", async () => {
    expect(await comment([])).toEqual(isNew());
  });

  test("a report about a commit that is not the newest any more is not written over the newer one's", async () => {
    const { code, said, calls } = await about("a0", [[by("Bot", 11, marker)]]);
    expect({ code, calls }).toEqual({ code: 0, calls: ["api repos/o/r/pulls/7 --jq .head.sha"] });
    expect(said).toMatch(/newest commit of pull request 7 is a1 by now; the report about a0 is not written there/);
  });

  test("so it is beside a person's that quotes it, another stack's, and another bot's about it", async () => {
    const others = [
      by("User", 1, `${marker}\nI pasted this`),
      by("Bot", 2, "<!-- nemoclaw-review staging -->\n# Review"),
      by("Bot", 3, `about ${marker}`),
    ];
    expect(await comment(others)).toEqual(isNew());
  });

  test("the next one edits it, the first of several, on whatever page", async () => {
    const pages = [[by("User", 1, "hello")], [by("Bot", 11, `${marker}\nfirst`), by("Bot", 12, `${marker}\nsecond`)]];
    expect(await comment(...pages)).toEqual([`api --silent -X PATCH repos/o/r/issues/comments/11 -F body=@${report}`]);
  });

  test("a comment without a user or a text, as of an account that is gone, is not ours", async () => {
    const ghosts: Comment[] = [
      { id: 1, user: null, body: marker },
      { id: 2, user: { type: "Bot" }, body: null },
    ];
    expect(await comment([...ghosts, by("Bot", 11, marker)])).toEqual([
      `api --silent -X PATCH repos/o/r/issues/comments/11 -F body=@${report}`,
    ]);
  });

  test.each([[""], ["# Review\n"]])(
    "a report that has no marker is not written over what another bot wrote: %j",
    async (text) => {
      writeFileSync(report, text);
      putProgram(folder, "gh", gh);
      const env = { FOLDER: folder, PAGES: JSON.stringify([[by("Bot", 5, "# Review")]]), GITHUB_REPOSITORY: "o/r" };
      const { code, said } = await run("comment-on-github", ["7", "a1", report], env);
      expect(code).toBe(1);
      expect(said).toMatch(/review\.md does not start as a report does/);
      expect(existsSync(join(folder, "calls"))).toBe(false);
    },
  );

  test("a GitHub that refuses ends the step before anything is written", async () => {
    putProgram(folder, "gh", `printf '%s\\n' "$*" >>"$FOLDER/calls"; echo "HTTP 403" >&2; exit 1`);
    const env = { FOLDER: folder, GITHUB_REPOSITORY: "o/r", GH_TOKEN: "secret-token" };
    const { code, said } = await run("comment-on-github", ["7", "a1", report], env);
    expect(code).not.toBe(0);
    expect(said).toContain("HTTP 403");
    expect(readFileSync(join(folder, "calls"), "utf8")).not.toMatch(/POST|PATCH/);
  });
});

describe("on GitLab, by a stand-in for its API on the loopback", () => {
  let server: Server;
  const [ours, others] = [41, 42];
  let notes: { id: number; author: { id: number }; body: string }[];
  let seen: string[];
  let tokens: Set<unknown>;
  beforeEach(async () => {
    notes = [{ id: 1, author: { id: others }, body: `somebody else about ${marker}` }];
    seen = [];
    tokens = new Set();
    server = createServer(async (request, response) => {
      let text = "";
      for await (const part of request) text += part;
      const url = new URL(request.url ?? "", "http://x");
      const page = url.searchParams.get("page");
      seen.push(`${request.method} ${url.pathname}${page ? ` ${page}` : ""}`);
      tokens.add(request.headers["private-token"]);
      if (url.pathname === request7) return response.end(JSON.stringify({ sha: "a1" }));
      if (url.pathname === "/api/v4/user") return response.end(JSON.stringify({ id: ours }));
      const body = new URLSearchParams(text).get("body") ?? "";
      if (request.method === "POST") notes.push({ id: notes.length + 1, author: { id: ours }, body });
      const edited = notes.find(({ id }) => url.pathname.endsWith(`/notes/${id}`));
      if (request.method === "PUT" && edited) edited.body = body;
      const first = (Number(page) - 1) * 100;
      return response.end(JSON.stringify(notes.slice(first, first + 100)));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  });
  afterEach(() => server.close());

  const request7 = "/api/v4/projects/3/merge_requests/7";
  const at = `${request7}/notes`;
  const comment = (commits: Record<string, string> = { CI_COMMIT_SHA: "a1" }) =>
    run("comment-on-gitlab", [report], {
      ...commits,
      GITLAB_REVIEW_TOKEN: "secret-token",
      CI_API_V4_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v4`,
      CI_PROJECT_ID: "3",
      CI_MERGE_REQUEST_IID: "7",
    });

  test("the first report is a note, the next one edits it, and somebody else's stays", async () => {
    expect(await comment()).toEqual({ code: 0, said: "" });
    writeFileSync(report, `${marker}\nsecond\n`);
    expect(await comment()).toEqual({ code: 0, said: "" });
    const first = [`GET ${request7}`, "GET /api/v4/user"];
    const [made, edited] = [
      [`GET ${at} 1`, `GET ${at} 2`, `POST ${at}`],
      [`GET ${at} 1`, `PUT ${at}/2`],
    ];
    expect(seen).toEqual([...first, ...made, ...first, ...edited]);
    expect(notes.map(({ body }) => body)).toEqual([`somebody else about ${marker}`, `${marker}\nsecond\n`]);
    expect([...tokens]).toEqual(["secret-token"]);
  });

  test("a person's note that quotes the report stays as it is, and ours on a later page is edited", async () => {
    notes.push({ id: 2, author: { id: others }, body: `${marker}\nI pasted this` });
    for (let id = 3; id <= 230; id++) notes.push({ id, author: { id: others }, body: "talk" });
    notes.push({ id: 231, author: { id: ours }, body: `${marker}\nfirst` });
    expect(await comment()).toEqual({ code: 0, said: "" });
    expect(seen.slice(2)).toEqual([`GET ${at} 1`, `GET ${at} 2`, `GET ${at} 3`, `PUT ${at}/231`]);
    expect(notes[1]?.body).toBe(`${marker}\nI pasted this`);
    expect(notes[230]?.body).toBe(readFileSync(report, "utf8"));
  });

  test.each([
    ["of the branch", { CI_COMMIT_SHA: "a1" }, 1],
    ["of merged results, by the branch's", { CI_COMMIT_SHA: "m1", CI_MERGE_REQUEST_SOURCE_BRANCH_SHA: "a1" }, 1],
    ["that is not the newest any more", { CI_COMMIT_SHA: "a0" }, 0],
  ])("a commit %s: %j", async (_, commits, posted) => {
    const { code, said } = await comment(commits);
    expect(code, said).toBe(0);
    expect(seen.filter((one) => one.startsWith("POST"))).toHaveLength(posted);
    expect(said).toMatch(posted ? /^$/ : /newest commit of merge request 7 is a1 by now/);
  });

  test("an empty report is not written over another note of ours", async () => {
    writeFileSync(report, "");
    const { code, said } = await comment();
    expect({ code, seen }).toEqual({ code: 1, seen: [] });
    expect(said).toMatch(/review\.md does not start as a report does/);
  });

  test("a service that refuses ends the step, without the token in what it says", async () => {
    server.removeAllListeners("request");
    server.on("request", (_, response) => {
      response.statusCode = 403;
      response.end("no");
    });
    const { code, said } = await comment();
    expect(code).not.toBe(0);
    expect(said).toContain("403");
    expect(said).not.toContain("secret-token");
  });
});

describe("the comment of the review before, at the end of a job", () => {
  const pipelines = resolve(steps, "..");
  const yaml = (file: string) => parse(readFileSync(join(pipelines, file), "utf8"), { merge: true });
  const onGithub = () => {
    const { steps: all } = yaml("github/review.yml").jobs.review as { steps: { if?: string; run?: string }[] };
    const step = all.find(({ run: lines }) => lines?.includes("comment-on-github"));
    expect(step?.if).toMatch(/^\$\{\{ always\(\) \}\}$/);
    return step?.run ?? "";
  };
  const onGitlab = () => (yaml("gitlab/.gitlab-ci.yml").review.after_script as string[]).join("\n");

  /** What a job's own lines write as a comment, in a clone with the report of a review, or without one. */
  const comments = (lines: string, reviewed: string, reportOf?: string) => {
    const clone = join(folder, "clone");
    cpSync(steps, join(clone, "gitops/steps"), { recursive: true });
    for (const service of ["github", "gitlab"])
      putProgram(join(clone, "gitops/steps"), `comment-on-${service}`, `for file; do :; done; cat "$file" >>../said`);
    mkdirSync(join(clone, reviewed));
    if (reportOf !== undefined) writeFileSync(join(clone, reviewed, "review.md"), reportOf);
    const git = ["-C", clone, "-c", "user.name=t", "-c", "user.email=t@example.com"];
    execFileSync("git", [...git, "init", "-q"]);
    execFileSync("git", [...git, "commit", "-q", "--allow-empty", "-m", "one"]);
    writeFileSync(join(folder, ".aws-token-7"), "a-token");
    const env = {
      PATH: process.env.PATH,
      STACK: "prod",
      NUMBER: "7",
      COMMIT: "a1",
      CI_BUILDS_DIR: folder,
      CI_JOB_ID: "7",
    };
    execFileSync("bash", ["--norc", "-ec", lines], { cwd: clone, env });
    return existsSync(join(folder, "said")) ? readFileSync(join(folder, "said"), "utf8") : undefined;
  };

  test.each([
    ["GitHub", onGithub, "reviewed"],
    ["GitLab", onGitlab, "reviewed-prod"],
  ])("on %s, says that there is none where something kept the review from beginning", (_, lines, reviewed) => {
    const said = comments(lines(), reviewed) ?? "";
    expect(said.split("\n").slice(0, 2)).toEqual([
      "<!-- nemoclaw-review Review of prod -->",
      "# ❌ Review of prod: failed",
    ]);
    expect(said).toMatch(/There is no review of [0-9a-f]{7,}\./);
  });

  test("on GitHub is the report where there is one", () => {
    expect(comments(onGithub(), "reviewed", "# Report\n")).toBe("# Report\n");
  });

  test("on GitLab is not written a second time, and no credentials are left", () => {
    expect(comments(onGitlab(), "reviewed-prod", "# Report\n")).toBeUndefined();
    expect(existsSync(join(folder, ".aws-token-7"))).toBe(false);
  });
});
