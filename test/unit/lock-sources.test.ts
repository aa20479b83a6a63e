import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { imageDigest, parseReference } from "../../host/image-digest.ts";
import { image, isOpenshell, type Lock, readLock } from "../../host/lock.ts";
import { lockGaps } from "../../host/lock-check.ts";
import { sourcesOf } from "../../host/lock-download.ts";
import { refreshable, refreshPin } from "../../host/lock-refresh.ts";
import { withImagesOf } from "../../host/lock-release.ts";
import { fillMirrorFolder, servedGaps } from "../../host/lock-served.ts";
import { machineImages, refreshMachineImage } from "../../scripts/machine-image.ts";
import { putProgram } from "../support/stand-ins.ts";

const folder = mkdtempSync(join(tmpdir(), "nemoclaw-lock-sources-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const hex = (bytes: string | Buffer) => createHash("sha256").update(bytes).digest("hex");
const none = () => {};
const [one, two] = ["the file for amd64", "the file for arm64"];
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.index.v1+json",
  manifests: [],
});
const list = (version: string, sums: string) => [`/a/tool/releases/download/v${version}/sums.txt`, sums] as const;

// A stand-in for GitHub, its API, and a container registry that wants a token from everybody.
const answers: Record<string, string> = Object.fromEntries([
  ...["1.0", "1.1", "1.2"].flatMap((version) => [
    [`/a/tool/releases/download/v${version}/tool-amd64.tar.gz`, one],
    [`/a/tool/releases/download/v${version}/tool-arm64.tar.gz`, two],
  ]),
  list("1.0", `${hex(one)}  tool-amd64.tar.gz\n${hex(two).toUpperCase()} *tool-arm64.tar.gz\n`),
  list("1.1", `${hex("other")}  tool-amd64.tar.gz\n`),
  list("1.2", `SHA256 (tool-amd64.tar.gz) = ${hex(one)}\n`),
  [
    "/api/repos/a/tool/releases/tags/v1.0",
    JSON.stringify({
      assets: [{ name: "tool-amd64.tar.gz", digest: `sha256:${hex(one)}` }, { name: "tool-arm64.tar.gz" }],
    }),
  ],
  [
    "/api/repos/a/tool/releases/tags/v1.1",
    JSON.stringify({ assets: [{ name: "tool-amd64.tar.gz", digest: `sha256:${hex("x")}` }] }),
  ],
]);
const asked: string[] = [];
let base = "";
const server = createServer((request, response) => {
  const { url = "", headers } = request;
  asked.push(url);
  if (url.startsWith("/token")) return response.end(JSON.stringify({ token: "anonymous-token" }));
  if (url.startsWith("/v2/closed/")) return response.writeHead(401).end();
  if (url.startsWith("/v2/")) {
    if (headers.authorization !== "Bearer anonymous-token") {
      const challenge = `Bearer realm="${base}/token",service="stand-in",scope="repository:x/image:pull"`;
      return response.writeHead(401, { "www-authenticate": challenge }).end();
    }
    if (!url.endsWith("/2.0") && !url.endsWith("/lying")) return response.writeHead(404).end();
    const digest = url.endsWith("/lying") ? `sha256:${"0".repeat(64)}` : `sha256:${hex(manifest)}`;
    return response.writeHead(200, { "docker-content-digest": digest }).end(manifest);
  }
  const answer = answers[url];
  return response.writeHead(answer === undefined ? 404 : 200).end(answer);
});
beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

const release = "{artifacts}/a/tool/releases/download";
const lockOf = (version: string, more: object = {}): Lock => ({
  ...readLock(),
  artifacts: {
    tool: {
      version,
      files: {
        "linux-amd64": { url: `${release}/v${version}/tool-amd64.tar.gz`, sha256: null },
        "linux-arm64": { url: `${release}/v${version}/tool-arm64.tar.gz`, sha256: null },
      },
      ...more,
    },
  },
  images: {},
});
const listed = (version: string) => lockOf(version, { checksums: `${release}/v${version}/sums.txt` });

describe("a release's own list of checksums, from a stand-in for GitHub", () => {
  test("is what its files are compared with, and moves with the version", async () => {
    const { lock, files } = await refreshPin(listed("0.9"), "tool", { mirrors: { artifacts: base }, version: "1.0" });
    expect(files.map(({ after, published }) => [after, published])).toEqual([
      [hex(one), `${base}/a/tool/releases/download/v1.0/sums.txt`],
      [hex(two), `${base}/a/tool/releases/download/v1.0/sums.txt`],
    ]);
    expect(lock.artifacts.tool?.checksums).toBe(`${release}/v1.0/sums.txt`);
    expect(lockGaps({ ...lock, npm: {} }, () => "")).toEqual([]);
  });

  test.each([
    ["1.1", "is not what its publisher says it is"],
    ["1.2", "has no checksum for tool-arm64.tar.gz"],
    ["1.3", "cannot be downloaded"],
  ])("that does not agree, of version %s, is refused", async (version, said) => {
    await expect(refreshPin(listed(version), "tool", { mirrors: { artifacts: base } })).rejects.toThrow(said);
  });

  test("is replaced by what GitHub's API says of the file, where there is no list", async () => {
    const mirrors = { artifacts: base, github: `${base}/api` };
    const { files } = await refreshPin(lockOf("1.0"), "tool", { mirrors });
    expect(files.map(({ published }) => published)).toEqual([`${base}/api/repos/a/tool/releases/tags/v1.0`, undefined]);
    await expect(refreshPin(lockOf("1.1"), "tool", { mirrors })).rejects.toThrow(
      "is not what its publisher says it is",
    );
    // A mirror's files are not GitHub's, unless somebody says so.
    expect(
      (await refreshPin(lockOf("1.1"), "tool", { mirrors: { artifacts: base } })).files[0]?.published,
    ).toBeUndefined();
  });

  test("must be of the pinned version", () => {
    const gaps = lockGaps({ ...lockOf("1.0", { checksums: `${release}/v0.9/sums.txt` }), npm: {} }, () => "");
    expect(gaps.map(({ path }) => path)).toContain("artifacts.tool.checksums");
  });
});

describe("an image's digest, from a stand-in for a container registry", () => {
  const reference = () => `${base.replace("http://", "")}/x/image:2.0`;
  const pinned = (name: string): Lock => ({ ...lockOf("1.0"), images: { [name]: { digest: null } } });

  test("is asked for with a token that everybody gets", async () => {
    asked.length = 0;
    expect(await imageDigest(reference())).toBe(`sha256:${hex(manifest)}`);
    expect(asked).toEqual([
      "/v2/x/image/manifests/2.0",
      "/token?service=stand-in&scope=repository%3Ax%2Fimage%3Apull",
      "/v2/x/image/manifests/2.0",
    ]);
    expect(await imageDigest("ghcr.example.com/x/image:2.0", { registry: base })).toBe(`sha256:${hex(manifest)}`);
  });

  test("is taken into the lock file, under the name of another version too", async () => {
    const before = reference().replace(":2.0", ":1.9");
    const { lock, files } = await refreshPin(pinned(before), before, { version: "2.0" });
    expect(lock.images).toEqual({ [reference()]: { digest: `sha256:${hex(manifest)}` } });
    expect(files).toMatchObject([{ path: `images.${reference()}`, before: null }]);
    expect(refreshable(lock)).toEqual(["tool", reference()]);
  });

  test("is taken in for an image that the lock file does not have yet", async () => {
    const { lock, files } = await refreshPin(lockOf("1.0"), reference());
    expect(lock.images).toEqual({ [reference()]: { digest: `sha256:${hex(manifest)}` } });
    expect(files).toMatchObject([{ path: `images.${reference()}`, before: null }]);
    await expect(refreshPin(lockOf("1.0"), "x/image:2.0")).rejects.toThrow(
      /has no artifact or image x\/image[\s\S]*REGISTRY\/NAME:TAG/,
    );
  });

  test.each([
    ["https://mirror.example.com", "mirror.example.com/x/image:2.0"],
    ["https://mirror.example.com/all/", "mirror.example.com/all/x/image:2.0"],
    ["http://127.0.0.1:5000", "127.0.0.1:5000/x/image:2.0"],
  ])("is pulled from %s where a stack has that mirror", (registry, from) => {
    const name = "ghcr.example.com/x/image:2.0";
    const lock: Lock = { ...lockOf("1.0"), images: { [name]: { digest: "sha256:1" } } };
    expect(image(lock, name, "amd64", { registry })).toEqual({ reference: name, digest: "sha256:1", from });
    expect(image(lock, name, "amd64")).toEqual({ reference: name, digest: "sha256:1" });
  });

  test("of an archive is its file's checksum, and no registry is asked", async () => {
    const archives = { "linux-amd64": { url: `${release}/v1.0/tool-amd64.tar.gz`, sha256: null } };
    const name = "ghcr.example.com/x/image:1.0";
    const lock: Lock = { ...lockOf("1.0"), images: { [name]: { digest: null, archives } } };
    expect(lockGaps({ ...lock, artifacts: {}, npm: {} }, () => "")[0]?.path).toBe(`images.${name}`);
    const refreshed = await refreshPin(lock, name, { mirrors: { artifacts: base } });
    expect(refreshed.lock.images[name]?.archives?.["linux-amd64"]?.sha256).toBe(hex(one));
  });

  test("beside an archive is refused, and a refresh leaves the archive in its place, under any tag", async () => {
    const archives = { "linux-amd64": { url: `${release}/v1.0/tool-amd64.tar.gz`, sha256: null } };
    const name = "ghcr.example.com/x/image:1.0";
    const next = "ghcr.example.com/x/image:1.2";
    const digest = `sha256:${hex("1.0")}`;
    const lock: Lock = { ...lockOf("1.0"), images: { [name]: { digest, archives } } };
    const mirrors = { artifacts: base };
    // Also of an architecture that has no archive: a site without a registry has nothing else.
    for (const arch of ["amd64", "arm64"] as const)
      expect(() => image(lock, name, arch)).toThrow(`${name} has a digest and archives`);
    expect(lockGaps({ ...lock, artifacts: {}, npm: {} }, () => "")).toEqual([
      {
        path: `images.${name}`,
        message: expect.stringMatching(/^a digest and archives/),
        try: expect.stringMatching(/^"digest": null/),
      },
    ]);

    const again = await refreshPin(lock, name, { mirrors });
    expect(again.files.map(({ path }) => path)).toEqual([`images.${name}`, `images.${name}.archives.linux-amd64`]);
    expect(again.lock.images[name]?.digest).toBe(null);
    expect(image(again.lock, name, "amd64")).toMatchObject({ sha256: hex(one) });

    const newer = await refreshPin(lock, name, { mirrors, version: "1.2" });
    expect(newer.lock.images).toEqual({ [next]: { digest: null, archives: expect.anything() } });
    expect(newer.files[0]).toEqual({ path: `images.${next}`, before: digest, after: null });
    expect(() => image(newer.lock, next, "arm64")).toThrow(`no digest for ${next}`);
  });

  test.each([
    ["lying", "is not what its registry says it is"],
    ["none", "cannot be read"],
  ])("that is %s is refused", async (tag, said) => {
    await expect(imageDigest(reference().replace("2.0", tag))).rejects.toThrow(said);
  });

  test("behind a login is refused with what prints it", async () => {
    const closed = reference().replace("/x/", "/closed/");
    await expect(imageDigest(closed)).rejects.toThrow(/wants a login[\s\S]*docker buildx imagetools inspect/);
  });

  test.each(["image:1.0", "x/image:1.0", "ghcr.io/x/image", "ghcr.io/x/image@sha256:0", "ghcr.io/x/../image:1 0"])(
    "%s names no image in full",
    (name) => expect(() => parseReference(name)).toThrow("names no image in full"),
  );
});

describe("a mirror folder", () => {
  const home = join(folder, "mirror");
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  };
  const complete = async (): Promise<Lock> => {
    const { lock } = await refreshPin(listed("1.0"), "tool", { mirrors: { artifacts: base } });
    return { ...lock, images: { "ghcr.example.com/x/image:2.0": { digest: `sha256:${hex(manifest)}` } }, npm: {} };
  };

  test("is filled with what is pinned, and then stands in for the network", async () => {
    const lock = await complete();
    await fillMirrorFolder(lock, sourcesOf(home), { artifacts: base }, none);
    put(
      "images/ghcr.example.com/x/image/2.0/index.json",
      JSON.stringify({ manifests: [{ digest: `sha256:${hex(manifest)}` }] }),
    );
    put(`images/ghcr.example.com/x/image/2.0/blobs/sha256/${hex(manifest)}`, manifest);
    expect(await servedGaps(lock, sourcesOf(home), none)).toEqual([]);
    for (const each of [home, pathToFileURL(home).href]) {
      const { files } = await refreshPin(lock, "tool", { mirrors: sourcesOf(each) });
      expect(files[0]).toMatchObject({ before: hex(one), after: hex(one) });
      expect(await imageDigest("ghcr.example.com/x/image:2.0", sourcesOf(each))).toBe(`sha256:${hex(manifest)}`);
    }
  });

  test("that has other files is told, each of them", async () => {
    put("artifacts/a/tool/releases/download/v1.0/tool-amd64.tar.gz", "tampered");
    rmSync(join(home, "artifacts/a/tool/releases/download/v1.0/tool-arm64.tar.gz"));
    put(`images/ghcr.example.com/x/image/2.0/blobs/sha256/${hex(manifest)}`, "tampered");
    const gaps = await servedGaps(await complete(), sourcesOf(home), none);
    expect(gaps.map(({ message }) => message.replaceAll(/file:\S+\//g, ""))).toEqual([
      `tool-amd64.tar.gz is another file than the pinned one: ${hex("tampered")}`,
      "tool-arm64.tar.gz is not there",
      `${hex(manifest)} is another file: its sha256 is ${hex("tampered")}`,
    ]);
    await expect(refreshPin(await complete(), "tool", { mirrors: sourcesOf(home) })).rejects.toThrow(
      "not what its publisher says",
    );
  });

  test("is never filled with another file than the pinned one", async () => {
    const lock = await complete();
    const file = lock.artifacts.tool?.files["linux-amd64"] as { sha256: string };
    file.sha256 = hex("pinned otherwise");
    await expect(fillMirrorFolder(lock, sourcesOf(join(folder, "n")), { artifacts: base }, none)).rejects.toThrow(
      "is not the pinned file",
    );
  });

  test("is what scripts/lock works from, without a network", async () => {
    const path = join(folder, "lock.json");
    const fresh = join(folder, "fresh");
    const script = (...args: string[]) => {
      const env = { ...process.env, NEMOCLAW_LOCK_FILE: path };
      return spawnSync(process.execPath, ["scripts/lock.ts", ...args], { encoding: "utf8", env, timeout: 60_000 });
    };
    const lock = { ...(await complete()), images: {}, apt: {} };
    await fillMirrorFolder(lock, sourcesOf(fresh), { artifacts: base }, none);
    writeFileSync(path, JSON.stringify({ ...listed("1.0"), apt: {}, npm: {} }));
    expect(script("check").status).toBe(2);
    const refreshed = script("refresh", "all", "--mirror", fresh);
    expect(refreshed.status, refreshed.stderr).toBe(0);
    expect(refreshed.stdout).toContain(
      `as published at ${sourcesOf(fresh).artifacts}/a/tool/releases/download/v1.0/sums.txt`,
    );
    expect((JSON.parse(readFileSync(path, "utf8")) as Lock).artifacts).toEqual(lock.artifacts);
    expect(script("check", "--mirror", fresh)).toMatchObject({
      status: 0,
      stdout: "Everything in the lock file that a stack here needs is pinned, and served as it is pinned.\n",
    });
    rmSync(fresh, { recursive: true });
    expect(script("check", "--mirror", fresh, "--json").status).toBe(2);
    expect(script("refresh", "tool", "--mirror", fresh).stderr).toContain("cannot be downloaded");
    expect(script("refresh", "nope", "--mirror", fresh).stderr).toContain("has no artifact or image nope; it has tool");
  });
});

describe("the images of OpenShell's releases, whose lines have others (those of 0.1.x from-docs)", () => {
  const home = join(folder, "releases");
  const path = join(folder, "release-lock.json");
  const registry = "ghcr.io/nvidia/openshell";
  const moved = "quay.io/ai-openshell";
  const repository = (version: string) => (version === "0.1.10" ? "ai-openshell/openshell" : "NVIDIA/OpenShell");
  const file = (name: string, version: string) => `${repository(version)}/releases/download/v${version}/${name}.tar.gz`;
  const sums = (version: string) => `${repository(version)}/releases/download/v${version}/sums.txt`;
  const names = ["openshell", "openshell-gateway"];
  const put = (to: string, text: string) => {
    mkdirSync(dirname(join(home, to)), { recursive: true });
    writeFileSync(join(home, to), text);
  };
  /** Pins a release and no more than these images. */
  const locked = (version: string, ...images: string[]): Lock => ({
    ...lockOf("1.0"),
    artifacts: Object.fromEntries(
      names.map((name) => {
        const pinned = { url: `{artifacts}/${file(name, version)}`, sha256: hex(name) };
        return [name, { version, files: { "linux-amd64": pinned }, checksums: `{artifacts}/${sums(version)}` }];
      }),
    ),
    images: Object.fromEntries(images.map((image) => [image, { digest: `sha256:${"0".repeat(64)}` }])),
  });
  const refreshed = (lock: Lock, ...args: string[]) => {
    writeFileSync(path, JSON.stringify(lock));
    const env = { ...process.env, NEMOCLAW_LOCK_FILE: path };
    const call = ["scripts/lock.ts", "refresh", "openshell", "--mirror", home, ...args];
    const { status, stderr } = spawnSync(process.execPath, call, { encoding: "utf8", env, timeout: 60_000 });
    return { status, stderr, ...(JSON.parse(readFileSync(path, "utf8")) as Lock) };
  };
  const digest = `sha256:${hex(manifest)}`;

  beforeAll(() => {
    for (const version of ["0.0.112", "0.1.9", "0.1.10"]) {
      for (const name of names) put(`artifacts/${file(name, version)}`, name);
      put(`artifacts/${sums(version)}`, names.map((name) => `${hex(name)}  ${name}.tar.gz\n`).join(""));
      for (const image of version === "0.0.112" ? ["supervisor"] : ["supervisor", "sandbox"]) {
        const layout = `images/${version === "0.1.10" ? moved : registry}/${image}/${version}`;
        put(`${layout}/index.json`, JSON.stringify({ manifests: [{ digest }] }));
        put(`${layout}/blobs/sha256/${hex(manifest)}`, manifest);
      }
    }
  });

  const one = locked("0.0.112", `${registry}/supervisor:0.0.112`);
  const two = locked("0.1.9", `${registry}/sandbox:0.1.9`, `${registry}/supervisor:0.1.9`);
  test.each<[string, Lock, string[], string[]]>([
    ["to a line that has one more: it is added", one, ["--version", "0.1.9"], ["supervisor:0.1.9", "sandbox:0.1.9"]],
    ["to a line that has one less: it is dropped", two, ["--version", "0.0.112"], ["supervisor:0.0.112"]],
    [
      "one that was left out is added",
      locked("0.1.9", `${registry}/supervisor:0.1.9`),
      [],
      ["supervisor:0.1.9", "sandbox:0.1.9"],
    ],
    ["the same release: the same images", two, [], ["sandbox:0.1.9", "supervisor:0.1.9"]],
  ])("%s", (_what, lock, args, images) => {
    const { status, stderr, images: found } = refreshed(lock, ...args);
    expect(status, stderr).toBe(0);
    expect(Object.entries(found)).toEqual(images.map((image) => [`${registry}/${image}`, { digest }]));
  });

  const pinned = { digest: `sha256:${"0".repeat(64)}` };
  const leftBehind = { [`${registry}/sandbox:0.1.10`]: pinned, [`${registry}/supervisor:0.1.10`]: pinned };
  const movedThere = locked("0.1.10", `${moved}/sandbox:0.1.10`, `${moved}/supervisor:0.1.10`);
  test.each<[string, Lock, string[], Lock]>([
    ["a release published elsewhere: asked for there (from-docs)", two, ["--version", "0.1.10"], movedThere],
    ["back to one before: asked for where that one is", movedThere, ["--version", "0.1.9"], two],
    ["its images at the place of before: moved (from-docs)", { ...movedThere, images: leftBehind }, [], movedThere],
  ])("%s", (_what, lock, args, { artifacts, images }) => {
    const { status, stderr, ...found } = refreshed(lock, ...args);
    expect(status, stderr).toBe(0);
    expect(found.artifacts).toEqual(artifacts);
    expect(found.images).toEqual(Object.fromEntries(Object.keys(images).map((image) => [image, { digest }])));
    expect(lockGaps({ ...found, npm: {} }, () => "")).toEqual([]);
  });

  test("one of the release's files is refreshed by itself, at its place (from-docs)", async () => {
    const { lock } = await refreshPin(two, "openshell-gateway", { version: "0.1.10", mirrors: sourcesOf(home) });
    expect(lock.artifacts["openshell-gateway"]).toEqual(movedThere.artifacts["openshell-gateway"]);
  });

  test("another image of the organisation that publishes it is none of the release", () => {
    const lock = { ...movedThere, images: { ...movedThere.images, [`${moved}/x:1.0`]: { digest } } };
    expect(Object.keys(withImagesOf(lock, "0.1.9").images)).toContain(`${moved}/x:1.0`);
    expect([`${moved}/x:1.0`, `${moved}/sandbox:0.1.10`].map(isOpenshell)).toEqual([false, true]);
  });

  test("other images stay, and so do a site's archives", () => {
    const archives = { "linux-amd64": { url: `{artifacts}/${file("openshell", "0.0.112")}`, sha256: null } };
    const lock = { ...one, images: { "ghcr.example.com/x/image:2.0": { digest: null }, ...one.images } };
    const kept = withImagesOf(
      { ...lock, images: { ...lock.images, [`${registry}/supervisor:0.0.112`]: { digest: null, archives } } },
      "0.1.9",
    );
    expect(kept.images).toEqual({
      "ghcr.example.com/x/image:2.0": { digest: null },
      [`${registry}/supervisor:0.0.112`]: { digest: null, archives },
      [`${registry}/sandbox:0.1.9`]: { digest: null },
    });
  });

  test("a release that nobody here speaks is refused by name, and nothing is written", () => {
    const { status, stderr, images } = refreshed(one, "--version", "0.2.0");
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining("OpenShell 0.2.0 is not a release that this driver speaks"),
    ]);
    expect(images).toEqual(one.images);
  });

  test("one that the lock file does not name at all is a gap", () => {
    const gaps = lockGaps({ ...locked("0.1.9", `${registry}/supervisor:0.1.9`), npm: {} }, () => "");
    expect(gaps).toEqual([
      expect.objectContaining({
        path: `images.${registry}/sandbox:0.1.9`,
        try: "scripts/lock refresh openshell",
        runtime: "openshell",
      }),
    ]);
    expect(lockGaps({ ...two, npm: {} }, () => "")).toEqual([]);
  });
});

describe("the image of a cloud machine", () => {
  const stackFile = join(folder, "Pulumi.prod.yaml");
  const bin = join(folder, "bin");
  const before = process.env.PATH;
  afterAll(() => {
    process.env.PATH = before;
  });
  const standIn = (name: string, text: string) => {
    putProgram(bin, name, text);
    process.env.PATH = [bin, before].join(delimiter);
  };
  const aws = `config:
  nemoclaw:machine:
    kind: aws
    region: eu-central-1
    # One exact image.
    image: { id: ami-0123456789abcdef0, arch: amd64 }
`;

  test("is listed from the stack files", () => {
    writeFileSync(stackFile, aws);
    const listed = { stack: "prod", kind: "aws", where: "eu-central-1", image: "ami-0123456789abcdef0" };
    expect(machineImages(folder)).toEqual([listed]);
  });

  test("is taken from AWS by the person's own login (a stand-in for its command line), and comments stay", async () => {
    standIn("aws", `echo "$*" >${folder}/asked; echo ami-0fedcba9876543210`);
    const changed = await refreshMachineImage("prod", { file: stackFile });
    expect(changed).toEqual({ before: "ami-0123456789abcdef0", after: "ami-0fedcba9876543210" });
    expect(readFileSync(stackFile, "utf8")).toBe(aws.replace("ami-0123456789abcdef0", "ami-0fedcba9876543210"));
    expect(readFileSync(join(folder, "asked"), "utf8")).toContain(
      "--region eu-central-1 --name /aws/service/deeplearning/ami/x86_64/",
    );
  });

  test("is taken from the family of Google's image (a stand-in for its command line)", async () => {
    standIn(
      "gcloud",
      'case "$*" in *describe-from-family\\ fam*) echo image-v2 ;; *describe\\ image-v1*) echo fam ;; esac',
    );
    const gcp = aws
      .replace("kind: aws", "kind: gcp")
      .replace(/image: .*/, "image: { name: projects/p/global/images/image-v1 }");
    writeFileSync(stackFile, gcp);
    expect((await refreshMachineImage("prod", { file: stackFile })).after).toBe("projects/p/global/images/image-v2");
  });

  test.each([
    ["none", "", { id: "ami-0fedcba9876543210" }],
    ["an empty one", "\n    image:", { id: "ami-0fedcba9876543210" }],
    ["one that is no mapping", "\n    image: ami-1", { id: "ami-0fedcba9876543210" }],
    ["one of no id", "\n    image: { arch: arm64 }", { arch: "arm64", id: "ami-0fedcba9876543210" }],
  ])("is written where there is %s, on AWS", async (_what, written, image) => {
    standIn("aws", "echo ami-0fedcba9876543210");
    writeFileSync(stackFile, aws.replace(/\n {4}image: .*/, written));
    const changed = await refreshMachineImage("prod", { file: stackFile });
    expect(changed).toEqual({ before: undefined, after: "ami-0fedcba9876543210" });
    expect(parse(readFileSync(stackFile, "utf8")).config["nemoclaw:machine"].image).toEqual(image);
  });

  test("is written whichever way its setting is, and every other line stays as it is", async () => {
    standIn("aws", "echo ami-0fedcba9876543210");
    const odd = aws.replace("nemoclaw:machine:", "nemoclaw:config:machine:").replace("region: eu", "region:   eu");
    writeFileSync(stackFile, odd);
    await refreshMachineImage("prod", { file: stackFile });
    expect(readFileSync(stackFile, "utf8")).toBe(odd.replace("ami-0123456789abcdef0", "ami-0fedcba9876543210"));
  });

  test.each(["projects/p/global/images/family/fam", "p/family/fam", "projects/p/family/fam"])(
    "is the newest of the family that was written in its place: %s",
    async (name) => {
      standIn(
        "gcloud",
        'case "$*" in *describe-from-family\\ fam\\ --project\\ p\\ *) echo image-v2 ;; *) exit 1 ;; esac',
      );
      const gcp = aws.replace("kind: aws", "kind: gcp").replace(/image: .*/, `image: { name: ${name} }`);
      writeFileSync(stackFile, gcp);
      expect((await refreshMachineImage("prod", { file: stackFile })).after).toBe("projects/p/global/images/image-v2");
    },
  );

  test("is not guessed without a login: the command that prints it is told", async () => {
    standIn("aws", 'echo "Unable to locate credentials" >&2; exit 255');
    writeFileSync(stackFile, aws);
    await expect(refreshMachineImage("prod", { file: stackFile })).rejects.toThrow(
      /Unable to locate credentials[\s\S]*aws ssm get-parameter --query Parameter.Value --output text --region eu-central-1 --name/,
    );
    expect(readFileSync(stackFile, "utf8")).toBe(aws);
    writeFileSync(stackFile, "config:\n  nemoclaw:machine: { kind: local }\n");
    await expect(refreshMachineImage("prod", { file: stackFile })).rejects.toThrow("has no image of a cloud");
  });
});
