import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { integrityExitCode } from "../../host/failure.ts";
import type { InstallSpec, SandboxSpec } from "../../host/runtimes/runtime.ts";
import { sha256 } from "../../host/steps/file-facts.ts";
import { someSum } from "../support/pinned-openshell.ts";
import { withStandIns } from "../support/stand-ins.ts";

/** The images that sandboxes are made from: what Docker has of them, what a refresh shows, what makes a sandbox anew. */
let version = "0.0.112";
const named = "ghcr.example.com/site/agent:1.0";
let namedDigest = `sha256:${"a".repeat(64)}`;
vi.mock("../../host/lock.ts", async (original) => {
  const real = await original<typeof import("../../host/lock.ts")>();
  const { withOpenshell } = await import("../support/pinned-openshell.ts");
  return { ...real, readLock: () => withOpenshell(real.readLock(), version, { [named]: { digest: namedDigest } }) };
});
afterEach(() => {
  version = "0.0.112";
  namedDigest = `sha256:${"a".repeat(64)}`;
});

const { pinnedImageFacts, ensureNoImages, ensurePinnedImage } = await import(
  "../../host/runtimes/openshell/pinned-image.ts"
);
const { ensureSandboxImage } = await import("../../host/runtimes/openshell/sandbox-image.ts");
const { chosenImage } = await import("../../host/runtimes/openshell/chosen-image.ts");
const { supervisorLook } = await import("../../host/runtimes/openshell/supervisor-look.ts");
const { ensureImages } = await import("../../host/runtimes/openshell/images.ts");
const { install } = await import("../../host/runtimes/openshell/install.ts");
const { sandbox } = await import("../../host/runtimes/openshell/sandbox.ts");
const { boxOf } = await import("../../host/runtimes/openshell/box.ts");
const { creation } = await import("../../host/runtimes/openshell/box-commands.ts");
const { gatewaySchema1 } = await import("../../host/runtimes/openshell/gateway-config.ts");

const owner = { project: "nemoclaw", stack: "test", installation: "one" };
const spec: InstallSpec = { arch: "amd64", owner };
const pin = `sha256:${someSum}`;

describe("what Docker has under a name of ours, from a stand-in for Docker", () => {
  const asked = (docker: string, note?: string) => {
    const folder = mkdtempSync(join(tmpdir(), "nemoclaw-notes-"));
    try {
      if (note !== undefined) writeFileSync(join(folder, "nemoclaw_openshell-supervisor_0.0.112"), note);
      const { script, parse } = pinnedImageFacts("nemoclaw/openshell-supervisor:0.0.112");
      return parse(withStandIns({ docker }, script.replaceAll("/var/lib/nemoclaw/images", folder)));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  test.each<[string, string, string | undefined, object]>([
    ["the one that was verified", "echo sha256:id", `${pin} sha256:id\n`, { there: true, pin }],
    [
      "the one that was verified, with a warning beside it",
      "echo 'WARNING: no swap limit' >&2; echo sha256:id",
      `${pin} sha256:id\n`,
      { there: true, pin },
    ],
    ["another one", "echo sha256:other", `${pin} sha256:id\n`, { there: true, pin: "" }],
    ["one that nobody noted", "echo sha256:id", undefined, { there: true, pin: "" }],
    ["none", "echo 'Error: No such image: x' >&2; exit 1", `${pin} sha256:id\n`, { there: false, pin: "" }],
    ["no answer", "echo 'Cannot connect to the Docker daemon' >&2; exit 1", undefined, { there: "unknown", pin: "" }],
  ])("%s", (_what, docker, note, facts) => expect(asked(docker, note)).toEqual(facts));

  test("none of ours is left, and nobody else's is touched", () => {
    const { facts, plan } = ensureNoImages();
    const { parse } = (facts as { names: { parse: (answer: object) => readonly string[] } }).names;
    const names = parse({
      stdout: "nemoclaw/openshell-base:1\ndebian:12\nnemoclaw/openshell-sandbox:x\n",
      exitCode: 0,
    });
    expect(plan({ names }).map(({ script }) => script)).toEqual([
      "docker image rm --force nemoclaw/openshell-base:1 nemoclaw/openshell-sandbox:x",
    ]);
    expect(plan({ names: [] })).toEqual([]);
  });
});

describe("the release of the supervisor in an image, from a stand-in for Docker", () => {
  const look = (docker: string, outside = "exit 1") => {
    const program = `case "$1 $2" in "run --rm") ${docker} ;; "image inspect") echo /openshell-sandbox ;; "create --network") echo box ;; "cp box:/openshell-sandbox") : >"$3" ;; "rm box") ;; *) echo "not expected: $*"; exit 99 ;; esac`;
    const { script } = supervisorLook("0.0.112-dev.7+g2");
    return withStandIns(
      { docker: program, runuser: outside },
      `image=x\n${script.replace("/opt/nemoclaw/", "{here}/")}`,
    );
  };
  const skew =
    "the supervisor in this image is of OpenShell 0.0.111, and CLI and gateway are of 0.0.112-dev.7+g2: they must be of one release\n";
  test.each<[string, string, string | undefined, string, number]>([
    ["the same, whatever a build adds", "echo openshell-sandbox 0.0.112", undefined, "", 0],
    ["another", "echo openshell-sandbox 0.0.111", undefined, skew, 1],
    ["another, of an image that is nothing but the program", "exit 127", "echo openshell-sandbox 0.0.111", skew, 1],
    ["the same, of such an image", "exit 127", "echo openshell-sandbox 0.0.112-dev.7+g2", "", 0],
    ["unknown: it says nothing anywhere", "exit 127", "exit 127", "", 0],
  ])("%s", (_what, inside, outside, stdout, exitCode) => {
    expect(look(inside, outside)).toEqual({ stdout, exitCode });
  });

  test("is looked at before the image gets our name, and the hint says what to pin", () => {
    const facts = {
      supervisor: { there: false, pin: "" },
      runtime: {},
      sandbox: { image: { there: true, made: "", owner: "-" } },
    };
    const [pull] = ensureImages(spec).plan(facts);
    const script = pull?.script ?? "";
    expect(script.indexOf("the supervisor in this image")).toBeGreaterThan(0);
    expect(script.indexOf("docker tag")).toBeGreaterThan(script.indexOf("the supervisor in this image"));
    expect(pull?.tryAfter?.(skew)).toContain("scripts/lock refresh openshell");
    expect(pull?.tryAfter?.("connection refused")).toBeUndefined();
  });
});

describe("the sandbox image", () => {
  const ca = "-----BEGIN CERTIFICATE-----\n";
  const recipe = (more: Partial<InstallSpec>) => chosenImage({ ...spec, ...more }).recipe;

  test("is another one with other authorities or of another base, and not by where its packages come from", () => {
    const all = [
      {},
      { mirrors: { ca } },
      { mirrors: { ca: `${ca}x` } },
      { image: named },
      { image: named, mirrors: { ca } },
    ];
    expect(new Set(all.map(recipe)).size).toBe(all.length);
    expect(recipe({ mirrors: { apt: "https://deb.example.com" } })).toBe(recipe({}));
    const before = recipe({ image: named });
    namedDigest = `sha256:${"b".repeat(64)}`;
    expect(recipe({ image: named })).not.toBe(before);
  });

  test("gets the wanted authorities, and none that stand on the machine from before", () => {
    expect(chosenImage({ ...spec, mirrors: { ca } }).make.stdin).toBe(ca);
    expect(chosenImage(spec).make.stdin).toBe("");
    expect(chosenImage(spec).make.script).not.toContain("/etc/nemoclaw/ca.pem");
  });

  const titles = (image: ReturnType<typeof chosenImage>, made: string, base?: object) =>
    ensureSandboxImage(image)
      .plan({ image: { there: made !== "", made, owner: "998-998" }, ...(base && { base }) } as never)
      .map(({ title }) => title.replace(/:.*/, ""));
  const own = chosenImage(spec);
  const other = chosenImage({ ...spec, image: named });
  const make = "make the image nemoclaw/openshell-sandbox";
  const pull = `pull ${named.replace(":1.0", "")}@sha256`;
  test.each<[string, ReturnType<typeof chosenImage>, string, object | undefined, string[]]>([
    ["fresh", own, "", undefined, [make]],
    ["already right", own, `${own.recipe}-998-998`, undefined, []],
    ["its user has other numbers on this machine", own, `${own.recipe}-999-999`, undefined, [make]],
    [
      "from before the authorities were set",
      chosenImage({ ...spec, mirrors: { ca } }),
      `${own.recipe}-998-998`,
      undefined,
      [make],
    ],
    ["named, fresh", other, "", { there: false, pin: "" }, [pull, make]],
    ["named, its base is there", other, "", { there: true, pin: namedDigest }, [make]],
    [
      "named, already right: what it was made from is not needed",
      other,
      `${other.recipe}-998-998`,
      { there: false, pin: "" },
      [],
    ],
  ])("%s", (_what, image, made, base, wanted) => expect(titles(image, made, base)).toEqual(wanted));

  test("says what it was made from, in words of the machine's Docker", () => {
    const { facts } = ensureSandboxImage(own);
    const { script, parse } = (facts as unknown as { image: { script: string; parse: (answer: object) => object } })
      .image;
    const asked = (docker: string) => parse(withStandIns({ docker, id: "echo 998" }, script));
    expect(asked("echo abc-998-998")).toEqual({ there: true, made: "abc-998-998", owner: "998-998" });
    const warning = "echo 'WARNING: no swap limit' >&2; echo abc-998-998";
    expect(asked(warning)).toEqual({ there: true, made: "abc-998-998", owner: "998-998" });
    // One without the label, which somebody else made.
    expect(asked("echo")).toEqual({ there: true, made: "", owner: "998-998" });
    expect(asked("echo 'Error: No such image' >&2; exit 1")).toEqual({ there: false, made: "", owner: "998-998" });
    expect(asked("echo 'no daemon' >&2; exit 1")).toEqual({ there: "unknown", made: "", owner: "998-998" });
  });
});

describe("what a refresh shows of an installation", () => {
  const filled = { ...spec, versions: { openshell: "0.0.112" } };
  const owner = "998-998";
  const toml = gatewaySchema1({ supervisorImage: "nemoclaw/openshell-supervisor:0.0.112" });
  const file = (content: string) => ({
    kind: "file",
    mode: 0o644,
    owner: "root",
    group: "root",
    sha256: sha256(content),
  });
  const link = (target: string) => ({ current: { kind: "link", target } });
  const says = (says: string, at = "0.0.112") => ({ link: at, says });
  const right = {
    node: link("24"),
    npm: link("11"),
    supervisor: link("abc"),
    release: { cli: says("0.0.112"), gateway: says("0.0.112") },
    images: {
      supervisor: {},
      runtime: {},
      sandbox: { image: { there: true, made: `${chosenImage(spec).recipe}-${owner}`, owner } },
    },
    imagesInUse: { supervisor: { there: true, pin }, runtime: { there: false, pin: "" } },
    unit: { file: file("unit"), state: { activeState: "active", unitFileState: "enabled" } },
    config: file(toml),
    connected: { connected: true, said: "" },
  };
  const shown = (change: object, more: Partial<InstallSpec> = {}) => {
    const { versions, service, line } = install.observe({ ...filled, ...more }, { ...right, ...change }) as InstallSpec;
    return {
      openshell: versions?.openshell,
      gateway: versions?.["openshell-gateway"],
      definition: service?.definition,
      line,
    };
  };
  const clean = shown({});
  const images = (change: object) => ({ imagesInUse: { ...right.imagesInUse, ...change } });
  const made = (image: object) => ({ images: { ...right.images, sandbox: { image } } });

  test("nothing where all is as it was made", () => {
    expect(clean).toMatchObject({ openshell: "0.0.112", gateway: "0.0.112", line: "0.0.11x" });
    expect(clean.definition).toMatch(/^[0-9a-f]{12}$/);
  });

  test.each<[string, object, object]>([
    [
      "an image that was removed",
      images({ supervisor: { there: false, pin: "" } }),
      { openshell: "0.0.112, without its supervisor image" },
    ],
    [
      "another image under its name",
      images({ supervisor: { there: true, pin: "" } }),
      { openshell: "0.0.112, with another supervisor image" },
    ],
    [
      "one of another pin",
      images({ supervisor: { there: true, pin: "sha256:old" } }),
      { openshell: "0.0.112, with another supervisor image" },
    ],
    ["no sandbox image", made({ there: false, made: "", owner }), { openshell: "0.0.112, without its sandbox image" }],
    [
      "a sandbox image made otherwise",
      made({ there: true, made: `x-${owner}`, owner }),
      { openshell: "0.0.112, with another sandbox image" },
    ],
    [
      "a Docker that does not answer says nothing",
      { ...images({ supervisor: { there: "unknown", pin: "" } }), ...made({ there: "unknown", made: "", owner }) },
      {},
    ],
    [
      "an edited gateway.toml",
      { config: file(`${toml}#`) },
      { definition: `${clean.definition}, with another gateway.toml` },
    ],
    [
      "no gateway.toml",
      { config: { kind: "absent" } },
      { definition: `${clean.definition}, with another gateway.toml` },
    ],
    ["another program in its place", { release: { ...right.release, cli: says("0.0.111") } }, { openshell: "0.0.111" }],
    [
      "a CLI of another release, whose gateway has what is right for itself",
      { release: { ...right.release, cli: says("0.0.111", "0.0.111") } },
      { openshell: "0.0.111" },
    ],
    [
      "another gateway in its place",
      { release: { ...right.release, gateway: says("0.0.111") } },
      { gateway: "0.0.111" },
    ],
    [
      "a program that does not run",
      { release: { ...right.release, cli: says("") } },
      { openshell: "0.0.112, which does not run" },
    ],
    [
      "one that nobody here speaks",
      { release: { ...right.release, cli: says("0.2.0", "0.2.0") } },
      { openshell: "0.2.0", line: "unknown, of 0.2.0" },
    ],
  ])("%s", (_what, change, wanted) => expect(shown(change)).toEqual({ ...clean, ...wanted }));

  test("nothing, of a machine that is as it was recorded, when the lock file pins another release by now", () => {
    version = "0.1.9";
    expect(shown({})).toEqual(clean);
    expect(shown(images({ supervisor: { there: false, pin: "" } })).openshell).toBe(
      "0.0.112, without its supervisor image",
    );
  });

  test("no difference of a sandbox image that was named and is not pinned any more: what it should be is not known", () => {
    const image = "ghcr.example.com/site/gone:1.0";
    expect(shown(made({ there: false, made: "", owner }), { image })).toEqual(clean);
  });

  test("an image of 0.1.x more (from-docs)", () => {
    version = "0.1.9";
    const release = { cli: says("0.1.9", "0.1.9"), gateway: says("0.1.9", "0.1.9") };
    expect(shown({ release }).openshell).toBe("0.1.9, without its runtime image");
    expect(shown({ release, ...images({ runtime: { there: true, pin } }) }).openshell).toBe("0.1.9");
  });
});

const box: SandboxSpec = {
  sandbox: "main",
  arch: "amd64",
  owner: { project: "p", stack: "s", installation: "i" },
  policy: { version: 1 },
  agent: { version: "2026.9.6" },
  limits: { memory: "2500M", cpus: 2, pids: 512, logs: "200M" },
  running: true,
  enabled: true,
};

describe("a named image that the lock file does not pin any more", () => {
  const gone = { image: "ghcr.example.com/site/gone:1.0" };
  const why = "nemoclaw.lock.json has no image ghcr.example.com/site/gone:1.0";

  test("is refused at preview", async () => {
    await expect(install.fill?.({ ...spec, ...gone })).rejects.toThrow(why);
  });

  test("keeps nobody from looking at what was made from it", async () => {
    const parts = [await install.step({ ...spec, ...gone }), await sandbox.step({ ...box, ...gone })];
    for (const { facts } of parts) expect(Object.keys(facts)).toContain("images");
  });

  test("makes no image, and says what pins it", () => {
    const { make } = chosenImage({ ...spec, ...gone });
    expect(withStandIns({}, make.script)).toEqual({ stdout: `${why}\n`, exitCode: 1 });
    expect(make.try).toBe(`scripts/lock refresh ${gone.image}`);
    const [first] = ensureSandboxImage(chosenImage({ ...spec, ...gone })).plan({
      image: { there: true, made: "undefined-998-998", owner: "998-998" },
    });
    expect(first?.script).toBe(make.script);
  });
});

describe("what makes a sandbox anew", () => {
  const ca = "-----BEGIN CERTIFICATE-----\n";

  test("other authorities, another named image, another digest of it; each shows at preview", async () => {
    const definitions = new Set<string | undefined>();
    const all: Partial<SandboxSpec>[] = [{}, { mirrors: { ca } }, { mirrors: { ca: `${ca}x` } }, { image: named }];
    for (const more of all) definitions.add((await sandbox.fill?.({ ...box, ...more }))?.definition);
    namedDigest = `sha256:${"b".repeat(64)}`;
    definitions.add((await sandbox.fill?.({ ...box, image: named }))?.definition);
    expect(definitions.size).toBe(5);
    const apt = await sandbox.fill?.({ ...box, mirrors: { apt: "https://deb.example.com" } });
    expect(apt?.definition).toBe((await sandbox.fill?.(box))?.definition);
  });

  test("it is made from the image that the stack names", async () => {
    const { script } = creation(await boxOf({ ...box, image: named }));
    expect(script).toContain(`--from nemoclaw/openshell-sandbox:${"a".repeat(12)} `);
    expect(creation(await boxOf(box)).script).toContain("--from nemoclaw/openshell-sandbox:distribution ");
  });

  test.each([
    [1, "1"],
    [2, "2"],
    [0, undefined],
    [undefined, undefined],
  ])("it is made with %s GPUs", async (gpus, asked) => {
    const { script } = creation(await boxOf({ ...box, ...(gpus !== undefined && { gpus }) }));
    expect(/ --gpu (\S+) /.exec(script)?.[1]).toBe(asked);
    expect(script.includes("--gpu")).toBe(asked !== undefined);
  });

  test("its images come first: the old one goes only when a new one can be made", async () => {
    const parts = Object.keys((await sandbox.step(box)).facts);
    expect(parts).toContain("images");
    expect(parts.indexOf("images")).toBeLessThan(parts.indexOf("box"));
  });
});

describe("an image from an archive, by stand-ins for curl and Docker", () => {
  const url = "file:///srv/mirror/supervisor.tar";
  const served = "what the mirror has";
  const loaded = (pinned: string) => {
    const image = { reference: "ghcr.example.com/x/supervisor:1.0", url, sha256: sha256(pinned) };
    const [load] = ensurePinnedImage({ name: "nemoclaw/openshell-supervisor:1.0", image }).plan({
      there: false,
      pin: "",
    });
    const curl = `while test "$1" != --output; do shift; done; printf '%s' "${served}" >"$2"`;
    const docker = `echo "docker $1 $2" >>called; case "$1" in load) echo Loaded image: x:1 ;; image) echo sha256:id ;; esac`;
    const run = 'code=0\nsh -eu -c "$1" || code=$?\ncat called 2>&- || :\nexit "$code"';
    const script = (load?.script ?? "").replaceAll("/var/lib/nemoclaw/images", ".");
    const { stdout, exitCode } = withStandIns({ curl, docker }, run, "sh", script);
    return { exitCode, lines: stdout.trim().split("\n") };
  };

  test("that is another file than the pinned one: both sums, and Docker is not called", () => {
    expect(loaded("what was pinned")).toEqual({
      exitCode: integrityExitCode,
      lines: [url, `pinned ${sha256("what was pinned")}`, `found  ${sha256(served)}`],
    });
  });

  test("that is the pinned one is loaded", () => {
    expect(loaded(served)).toEqual({ exitCode: 0, lines: expect.arrayContaining(["docker load --quiet"]) });
  });
});

describe("what a pulled image is called, by a stand-in for Docker", () => {
  const [pull] = ensureImages(spec).plan({
    supervisor: { there: false, pin: "" },
    runtime: {},
    sandbox: { image: { there: true, made: "", owner: "-" } },
  });
  const done = (had: string, release = "0.0.112") => {
    const docker = `case "$1 $2" in "image ls") echo "${had}" ;; "run --rm") echo openshell-sandbox ${release} ;; "image inspect") echo sha256:id ;; pull*) ;; *) echo "$@" >>called ;; esac`;
    const script = (pull?.script ?? "").replaceAll("/var/lib/nemoclaw/images", "{here}");
    return withStandIns({ docker }, `trap 'cat called' EXIT\n${script}`).stdout.trim().split("\n");
  };
  const reference = `ghcr.io/nvidia/openshell/supervisor@${pin}`;
  const tag = `tag ${reference} nemoclaw/openshell-supervisor:0.0.112`;

  test("our name alone; another name of it stays where it was there before", () => {
    expect(done("debian:12 debian@sha256:1")).toEqual([tag, `image rm ${reference}`]);
    expect(done(`x:<none> ${reference}`)).toEqual([tag]);
  });

  test("no name, where it did not pass", () => {
    expect(done("", "0.0.111")).toEqual([expect.stringContaining("must be of one release"), `image rm ${reference}`]);
  });
});
