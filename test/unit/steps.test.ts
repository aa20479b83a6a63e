import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, lstat, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Host } from "../../host/host.ts";
import type { Question } from "../../host/question.ts";
import { Sensitive } from "../../host/sensitive.ts";
import { all, ensure, type Step } from "../../host/step.ts";
import { ensureDirectory } from "../../host/steps/directory.ts";
import { type EmptiedFolderFacts, ensureNoEmptiedFolder } from "../../host/steps/emptied-folder.ts";
import { fileFacts } from "../../host/steps/file-facts.ts";
import { ensureAbsent } from "../../host/steps/file-removal.ts";
import { ensureFile } from "../../host/steps/managed-file.ts";
import { ensureSymlink } from "../../host/steps/symlink.ts";
import { userFacts } from "../../host/steps/system-user.ts";
import { unitState } from "../../host/steps/systemd-unit.ts";
import { ensureArtifact } from "../../host/steps/verified-download.ts";
import { startFakeHost } from "../support/fake-host.ts";

// On a stand-in for a machine nobody is root: what is made belongs to whoever runs the tests.
const owner = execFileSync("id", ["-un"], { encoding: "utf8" }).trim();
const group = execFileSync("id", ["-gn"], { encoding: "utf8" }).trim();

let fake: Awaited<ReturnType<typeof startFakeHost>>;
let host: Host;
beforeAll(async () => {
  fake = await startFakeHost();
  host = await fake.connect();
});
afterAll(() => fake[Symbol.asyncDispose]());

const at = (name: string) => join(fake.folder, name);
const text = fc.string({ unit: "binary", maxLength: 80 }).filter((each) => each.isWellFormed());
const name = fc
  .string({ unit: "binary", minLength: 1, maxLength: 30 })
  .filter(
    (each) =>
      each.isWellFormed() && !/[/\0]/.test(each) && each !== "." && each !== ".." && Buffer.byteLength(each) < 100,
  );
const oddName = fc.oneof(
  name,
  fc.constantFrom("-rf", "--", "a b", "it's", '"', "$(id)", "`id`", "line\nbreak", "名前", "*", "~", "\\"),
);

describe("a managed file", () => {
  test("holds any content at any name, and is right the second time", async () => {
    await fc.assert(
      fc.asyncProperty(oddName, text, fc.boolean(), async (file, content, secret) => {
        const path = at(`any/${file}`);
        const step = ensureFile({
          path,
          content: secret ? new Sensitive(content) : content,
          mode: 0o600,
          owner,
          group,
        });
        expect(await ensure(host, step)).toMatchObject({ kind: "file", mode: 0o600, owner, group });
        expect(await readFile(path, "utf8")).toBe(content);
        expect(await plans(step)).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });

  test("holds any bytes", async () => {
    const content = new Uint8Array(100_000).map((_, n) => n % 256);
    await ensure(host, ensureFile({ path: at("bytes"), content, owner, group }));
    expect(new Uint8Array(await readFile(at("bytes")))).toEqual(content);
  });

  test("is replaced in one go, with no trace of the way there", async () => {
    await mkdir(at("atomic"));
    await writeFile(at("atomic/file"), "old");
    const before = (await lstat(at("atomic/file"))).ino;
    await ensure(host, ensureFile({ path: at("atomic/file"), content: "new", owner, group }));
    expect((await lstat(at("atomic/file"))).ino).not.toBe(before);
    expect(await readdir(at("atomic"))).toEqual(["file"]);
  });

  test("is never written through a link", async () => {
    await writeFile(at("target"), "theirs");
    await symlink(at("target"), at("linked"));
    await ensure(host, ensureFile({ path: at("linked"), content: "ours", owner, group }));
    expect(await readFile(at("target"), "utf8")).toBe("theirs");
    expect((await lstat(at("linked"))).isFile()).toBe(true);
  });

  test("does not take the place of a folder", async () => {
    await mkdir(at("folder"));
    const step = ensureFile({ path: at("folder"), content: "x", owner, group });
    await expect(ensure(host, step)).rejects.toMatchObject({
      kind: "command",
      message: expect.stringContaining("directory"),
    });
    expect(await readdir(at("folder"))).toEqual([]);
  });

  test("gets its mode back without being written again", async () => {
    const file = { path: at("mode"), content: "x", mode: 0o640, owner, group };
    await ensure(host, ensureFile(file));
    const before = (await lstat(at("mode"))).ino;
    await chmod(at("mode"), 0o777);
    await host.apply("nothing", [{ title: "forget", script: "true" }]);
    expect(await ensure(host, ensureFile(file))).toMatchObject({ mode: 0o640 });
    expect((await lstat(at("mode"))).ino).toBe(before);
  });

  test.each(["relative", "", "/a/../b"])("wants a whole path: %j", (path) => {
    expect(() => ensureFile({ path, content: "" })).toThrow("not an absolute path");
  });
});

describe("folders, links and removals", () => {
  test("work at any name, and are right the second time", async () => {
    await fc.assert(
      fc.asyncProperty(oddName, oddName, async (folder, target) => {
        const path = at(`many/${folder}`);
        const made = all("made", {
          folder: ensureDirectory({ path, mode: 0o750, owner, group }),
          link: ensureSymlink({ path: `${path}/link`, target }),
        });
        await ensure(host, made);
        expect(await readlink(`${path}/link`)).toBe(target);
        expect(await plans(made)).toEqual([]);
        expect(await ensure(host, ensureAbsent({ path }))).toEqual({ kind: "absent" });
      }),
      { numRuns: 12 },
    );
  });

  test("a link to a folder is pointed elsewhere, not followed", async () => {
    await mkdir(at("v1"));
    await ensure(host, ensureSymlink({ path: at("current"), target: "v1" }));
    await ensure(host, ensureSymlink({ path: at("current"), target: "v2" }));
    expect(await readlink(at("current"))).toBe("v2");
    expect(await readdir(at("v1"))).toEqual([]);
  });

  test("a removal takes a link and leaves what it points at", async () => {
    await mkdir(at("kept"));
    await symlink(at("kept"), at("link-to-kept"));
    await ensure(host, ensureAbsent({ path: at("link-to-kept") }));
    expect(await readdir(fake.folder)).toContain("kept");
  });

  test.each(["/", "/etc", "//", "etc/x"])("nothing near the root can be removed: %j", (path) => {
    expect(() => ensureAbsent({ path })).toThrow();
  });
});

describe("facts", () => {
  test("of what is not there are facts too", async () => {
    const facts = await host.look({
      file: fileFacts(at("never")),
      user: userFacts("no-such-user-here"),
      unit: unitState("no-such-unit-here.service"),
    });
    expect(facts).toEqual({
      file: { kind: "absent" },
      user: { exists: false, groups: [] },
      unit: expect.objectContaining({ activeState: "inactive", mainPid: 0 }),
    });
  });

  test("never carry a file's content", async () => {
    await writeFile(at("secret"), "s3cret");
    expect(JSON.stringify(await host.look(fileFacts(at("secret"))))).not.toContain("s3cret");
  });

  test("of a user name their groups but not their own", async () => {
    const facts = await host.look(userFacts("root"));
    expect(facts).toMatchObject({ exists: true, home: "/root" });
    expect(facts.groups).not.toContain("root");
  });
});

describe("a step", () => {
  test("that is still not as wanted after it was applied is an error that says what remains", async () => {
    const stubborn: Step<string> = {
      name: "the stubborn thing",
      facts: { script: "echo wrong", parse: ({ stdout }) => stdout.trim() },
      plan: (now) => (now === "right" ? [] : [{ title: "set it right", script: "true" }]),
    };
    await expect(ensure(host, stubborn)).rejects.toMatchObject({
      kind: "not-converged",
      message: expect.stringContaining("still to do: set it right"),
      details: { try: expect.stringContaining("then run `up` again") },
    });
    await expect(ensure(host, { ...stubborn, unmet: "it is stubborn" })).rejects.toMatchObject({
      details: { try: "it is stubborn" },
    });
  });
});

describe("a download", () => {
  test("that is not what is pinned is refused before anything is unpacked", async () => {
    await using server = await serve("#!/bin/sh\necho other\n");
    const artifact = artifactFrom(server.url, createHash("sha256").update("expected").digest("hex"));
    const error = await apply(artifact).catch((each) => each);
    expect(error).toMatchObject({ kind: "integrity" });
    expect(error.message).toMatch(/not what is pinned; nothing was installed[\s\S]*found {2}[0-9a-f]{64}/);
    expect(await readdir(at("opt/tool"))).toEqual([]);
  });

  test("that is what is pinned appears whole", async () => {
    const program = "#!/bin/sh\necho it runs\n";
    await using server = await serve(program);
    await apply(artifactFrom(server.url, createHash("sha256").update(program).digest("hex")));
    expect(execFileSync(at("opt/tool/1.0/tool"), { encoding: "utf8" })).toBe("it runs\n");
  });

  test("that the mirror does not have says so", async () => {
    await using server = await serve(undefined);
    await expect(apply(artifactFrom(server.url, "0".repeat(64)))).rejects.toMatchObject({
      kind: "command",
      message: expect.stringMatching(/curl[\s\S]*404[\s\S]*nemoclaw:mirrors/),
    });
  });

  test.each(["", "sha256-abc", "md5"])("without a whole hash is refused before it is planned: %j", (hash) => {
    const step = ensureArtifact({ name: "tool", version: "1.0", url: "https://example.com/x", hash, form: "program" });
    expect(() => step.plan({ verified: "none", current: { kind: "absent" } })).toThrow("not a sha256");
  });
});

async function plans<F>(step: Step<F>): Promise<string[]> {
  return step.plan(await host.look(step.facts)).map(({ title }) => title);
}

function artifactFrom(url: string, hash: string) {
  return ensureArtifact({ name: "tool", version: "1.0", url, hash, form: "program", current: false });
}

/** Applies a download with the folder of the tests in the place of /opt/nemoclaw. */
async function apply(step: ReturnType<typeof ensureArtifact>): Promise<void> {
  const commands = step.plan({ verified: "", current: { kind: "absent" } });
  await host.apply(
    step.name,
    commands.map((each) => ({ ...each, script: each.script.replaceAll("/opt/nemoclaw", at("opt")) })),
  );
}

async function serve(body: string | undefined) {
  const server = createServer((_request, response) => {
    response.statusCode = body === undefined ? 404 : 200;
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tool`,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

describe("a folder that only held what is gone", () => {
  const inside = (name: string) => at(join("data", name));
  const step = () => ensureNoEmptiedFolder({ path: at("data"), besides: [inside("upgrades")] });
  // Not by `look`, which remembers what it saw until something is applied.
  const planned = async () => {
    const { script, parse } = step().facts as Question<EmptiedFolderFacts>;
    return step().plan(parse(await host.run({ title: "look", script }))).length;
  };

  test("goes with the empty folders in it, and waits for what another step removes", async () => {
    for (const each of ["main", "units", "upgrades/left"]) await mkdir(inside(each), { recursive: true });
    expect(await planned()).toBe(1);
    await ensure(host, ensureAbsent({ path: inside("upgrades") }));
    await ensure(host, step());
    expect((await readdir(fake.folder)).includes("data")).toBe(false);
    expect(await planned()).toBe(0);
  });

  test.each(["main/workspace/", "main/file", "file"])("stays for %s", async (kept) => {
    await mkdir(inside("main"), { recursive: true });
    if (kept.endsWith("/")) await mkdir(inside(kept));
    else await writeFile(inside(kept), "");
    expect(await planned()).toBe(0);
    await rm(at("data"), { recursive: true });
  });
});
