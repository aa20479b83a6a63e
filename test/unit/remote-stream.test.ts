import { createWriteStream } from "node:fs";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { expect, test } from "vitest";
import { streamRemotely } from "../../scripts/remote-stream.ts";
import { startFakeHost } from "../support/fake-host.ts";

// More than what ssh2 holds back for a reader, so that one who stops reading is noticed.
const much = "head -c 3000000 /dev/zero; sleep 60";
const fails = "the files could not be moved";

test("what is written there comes here, whole, and its error is told", { timeout: 60_000 }, async () => {
  await using fake = await startFakeHost();
  let got = 0;
  const attach = async (output: Readable) => {
    got = (await text(output)).length;
  };
  await streamRemotely(fake.machine, { fails, script: "head -c 3000000 /dev/zero", attach });
  expect(got).toBe(3_000_000);
  await expect(
    streamRemotely(fake.machine, { fails, script: "echo no room >&2; exit 3", attach }),
  ).rejects.toMatchObject({ kind: "command", message: expect.stringMatching(/^the files could .*\n.*no room/) });
});

test("a disk that is full here ends it there, and is what is told", { timeout: 60_000 }, async () => {
  await using fake = await startFakeHost();
  const attach = (output: Readable) => pipeline(output, createWriteStream("/dev/full"));
  await expect(streamRemotely(fake.machine, { fails, script: much, attach })).rejects.toMatchObject({
    kind: "command",
    message: expect.stringMatching(/^the files could not be moved: a file here; .*\n {2}said {2}ENOSPC/),
  });
});

test("an interrupt ends it there, and counts as one", { timeout: 60_000 }, async () => {
  await using fake = await startFakeHost();
  const attach = async (output: Readable) => {
    output.once("data", () => process.emit("SIGINT"));
    await text(output);
  };
  await expect(streamRemotely(fake.machine, { fails, script: much, attach })).rejects.toMatchObject({
    kind: "cancelled",
  });
  expect(process.listenerCount("SIGINT")).toBe(0);
});
