import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { dockerStandIn } from "../support/docker-stand-in.ts";
import { SmallClone } from "../support/small-clone.ts";

const usual = "debian:bookworm-slim";
const foreign = "somebody:else";

/** A clone beside a stand-in for Docker, which builds for ever at first, and has these images already. */
function cloneWith(images: readonly string[], { registry }: { registry: boolean }) {
  const clone = new SmallClone({ docker: dockerStandIn, mmdebstrap: "echo Debian" });
  const file = (name: string) => join(clone.folder, name);
  mkdirSync(file("images"));
  const run = (...args: string[]) => clone.script("quickstart", args, { NEMOCLAW_ENGINE: "embedded" });
  const docker = {
    has: () => readdirSync(file("images")).sort(),
    pull: (image: string) => writeFileSync(file(`images/${image}`), `sha256:${image}\n`),
    removals: () => (existsSync(file("removals")) ? readFileSync(file("removals"), "utf8").trim().split("\n") : []),
  };
  for (const image of images) docker.pull(image);
  writeFileSync(file("slow"), "");
  if (registry) writeFileSync(file("registry"), "");
  return {
    docker,
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
    async destroy(): Promise<string> {
      const { exitCode, output } = await run("--destroy").ended;
      expect(exitCode, output).toBe(0);
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
});
