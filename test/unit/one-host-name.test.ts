import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { oneHostName } from "../../services/sandbox-supervisor/inside/one-host-name.ts";

test.each([
  ["a named import", 'import { hostname } from "node:os"; console.log(hostname());'],
  ["the module itself", 'import os from "node:os"; console.log(os.hostname());'],
])("a program sees the one name of its computer by %s", (_, program) => {
  const words = [...oneHostName("nemo'claw"), "--input-type=module", "--eval", program];
  expect(execFileSync(process.execPath, words, { encoding: "utf8" })).toBe("nemo'claw\n");
});
