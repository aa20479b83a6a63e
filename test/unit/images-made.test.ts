import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { dockerStandIn } from "../support/docker-stand-in.ts";
import { SmallClone } from "../support/small-clone.ts";

const usual = "debian:bookworm-slim";
const foreign = "somebody:else";

/** A clone beside a stand-in for Docker, which builds for ever at first, and has these images already. */
function cloneWith(
  images: readonly string[],
  { registry, mmdebstrap = "echo Debian", full }: { registry: boolean; mmdebstrap?: string; full?: boolean },
) {
  const sudo = 'test "$1" = -n && shift; exec "$@"';
  const rm = 'echo "rm $*" >>"$here/removed"; exec /bin/rm "$@"';
  const clone = new SmallClone({ docker: dockerStandIn, mmdebstrap, sudo, rm });
  const file = (name: string) => join(clone.folder, name);
  mkdirSync(file("images"));
  mkdirSync(file("tmp"));
  const env = { NEMOCLAW_ENGINE: "embedded", TMPDIR: file("tmp") };
  const run = (...args: string[]) => clone.script("quickstart", args, env);
  const docker = {
    has: () => readdirSync(file("images")).sort(),
    pull: (image: string) => writeFileSync(file(`images/${image}`), `sha256:${image}\n`),
    use: (image: string) => writeFileSync(file("used"), `${image}\n`),
    isDown: (down: boolean) => (down ? writeFileSync(file("down"), "") : rmSync(file("down"))),
    remove: () => clone.program("docker", "echo not found >&2; exit 127"),
    removals: () => (existsSync(file("removals")) ? readFileSync(file("removals"), "utf8").trim().split("\n") : []),
  };
  for (const image of images) docker.pull(image);
  writeFileSync(file("slow"), "");
  if (registry) writeFileSync(file("registry"), "");
  if (full) writeFileSync(file("full"), "");
  return {
    docker,
    /** What is in the folders for what is only passing: this computer's own, and the clone's. */
    passing: () =>
      [file("tmp"), join(clone.root, ".nemoclaw", "making")].flatMap((folder) =>
        existsSync(folder) ? (readdirSync(folder, { recursive: true }) as string[]) : [],
      ),
    removed: () => readFileSync(file("removed"), "utf8"),
    kept: () => existsSync(join(clone.root, ".nemoclaw")),
    noted: () => {
      const note = join(clone.root, ".nemoclaw", "made-here.json");
      return existsSync(note) ? (JSON.parse(readFileSync(note, "utf8")).images as string[]) : [];
    },
    outcome: async () => (await run().ended).output,
    /** Runs until it is killed from inside. */
    async killedByItself(): Promise<void> {
      const { signal, output } = await run().ended;
      expect(signal, output).toBe("SIGKILL");
    },
    /** Runs until the image is being built, and kills it there. */
    async killedInTheBuild(): Promise<void> {
      const killed = run();
      await expect.poll(() => existsSync(file("building")), { timeout: 30_000 }).toBe(true);
      killed.kill("SIGKILL");
      await killed.ended;
      rmSync(file("building"));
    },
    /** Runs until the image is there, and no further; in the build something happens. */
    async untilTheImageIsThere(meanwhile = () => {}): Promise<void> {
      const next = run();
      await expect.poll(() => existsSync(file("building")), { timeout: 30_000 }).toBe(true);
      meanwhile();
      rmSync(file("slow"));
      expect(await next.printed(/✓ Image of the local machine/), "the image is there").toBe(true);
      next.kill("SIGKILL");
      await next.ended;
    },
    async destroy(expected = 0): Promise<string> {
      // Somebody's own, so that nothing is tried on the daemon of the computer that runs the tests.
      const own = { ...env, DOCKER_HOST: "unix:///run/desktop/docker.sock" };
      const { exitCode, output } = await clone.script("quickstart", ["--destroy"], own).ended;
      expect(exitCode, output).toBe(expected);
      return output;
    },
    [Symbol.asyncDispose]: () => clone[Symbol.asyncDispose](),
  };
}

describe("images that the quick start brought, with a stand-in for Docker", { timeout: 120_000 }, () => {
  test("go with --destroy though every run was killed, and one that somebody pulled meanwhile stays", async () => {
    await using clone = cloneWith([], { registry: true });
    await clone.killedInTheBuild();
    expect(clone.docker.has()).toEqual([usual]);
    await clone.untilTheImageIsThere(() => clone.docker.pull(foreign));
    expect(clone.docker.has()).toHaveLength(3);
    await clone.destroy();
    expect(clone.docker.has()).toEqual([foreign]);
    expect(clone.docker.removals().join("\n")).not.toMatch(/--force|sha256:/);
  });

  test("go with --destroy right after a run that was killed in the build", async () => {
    await using clone = cloneWith([foreign], { registry: true });
    await clone.killedInTheBuild();
    await clone.destroy();
    expect(clone.docker.has()).toEqual([foreign]);
  });

  test("are not called gone where Docker does not answer: they go with a later --destroy", async () => {
    await using clone = cloneWith([], { registry: true });
    await clone.killedInTheBuild();
    clone.docker.isDown(true);
    const output = await clone.destroy(1);
    expect(output).toContain("the Docker daemon does not answer");
    expect(output).not.toContain("is gone");
    expect(clone.noted()).toContain(usual);
    clone.docker.isDown(false);
    expect(await clone.destroy()).toContain("Everything the quick start made is gone.");
    expect([clone.docker.has(), clone.kept()]).toEqual([[], false]);
  });

  test("that somebody uses stay, are named, and go with a later --destroy", async () => {
    await using clone = cloneWith([], { registry: true });
    await clone.killedInTheBuild();
    clone.docker.use(usual);
    const output = await clone.destroy();
    expect(output).toContain("Not all that the quick start made is gone. What stays:");
    expect(output).toMatch(new RegExp(`in Docker: ${usual}, and (\\S+), by .*: docker image rm ${usual} && rm \\1\n`));
    expect(clone.noted()).toEqual([usual]);
    clone.docker.use("nobody");
    expect(await clone.destroy()).toContain("Everything the quick start made is gone.");
    expect([clone.docker.has(), clone.kept()]).toEqual([[], false]);
  });

  test("stay noted where there is no Docker any more, which holds nothing else up", async () => {
    await using clone = cloneWith([], { registry: true });
    await clone.killedInTheBuild();
    clone.docker.remove();
    const output = await clone.destroy();
    expect(output).toContain(`${usual} stays: there is no docker command here any more`);
    expect(output).not.toContain("Everything the quick start made is gone");
    expect(clone.noted()).toContain(usual);
  });

  test("are not those that were here before", async () => {
    await using clone = cloneWith([usual], { registry: true });
    await clone.untilTheImageIsThere();
    await clone.destroy();
    expect(clone.docker.has()).toEqual([usual]);
  });

  test("are a base made here, and not the one that no registry gave and somebody pulled later", async () => {
    await using clone = cloneWith([], { registry: false });
    await clone.untilTheImageIsThere();
    expect(clone.docker.has().map((image) => image.split(":")[0])).toEqual(["nemoclaw-base", "nemoclaw-machine"]);
    clone.docker.pull(usual);
    await clone.destroy();
    expect(clone.docker.has()).toEqual([usual]);
  });

  const killedHalfWay = 'mkdir -p "$TMPDIR/mmdebstrap.x/usr" && kill -9 $PPID; exit 1';

  test("leave nothing of a base whose making was killed", async () => {
    await using clone = cloneWith([], { registry: false, mmdebstrap: killedHalfWay });
    await clone.killedByItself();
    expect(clone.passing()).toContainEqual(expect.stringMatching(/^base-\w+\/mmdebstrap\.x\/usr$/));
    await clone.destroy();
    expect(clone.passing()).toEqual([]);
    expect(clone.kept()).toBe(false);
    // By root, whose it is, and nothing that is mounted in there.
    expect(clone.removed()).toMatch(/^rm .*--one-file-system -- \S+\/\.nemoclaw\/making$/m);
  });

  test("leave nothing of a base that Docker does not take, which ends its making, too", async () => {
    await using clone = cloneWith([], { registry: false, full: true, mmdebstrap: "exec head -c 3000000 /dev/zero" });
    expect(await clone.outcome()).toMatch(/import the base image[\s\S]*said {2}no space left on device/);
    expect(clone.passing()).toEqual([]);
  });

  test("leave nothing of a base that could not be made", async () => {
    await using clone = cloneWith([], { registry: false, mmdebstrap: 'mkdir "$TMPDIR/mmdebstrap.x"; exit 1' });
    expect(await clone.outcome()).toMatch(/No Debian base image[\s\S]*mmdebstrap --variant/);
    expect(clone.passing()).toEqual([]);
  });
});
