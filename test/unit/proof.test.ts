import { expect, test } from "vitest";
import { proveWriteRefused } from "../../scripts/first-run/proof.ts";

const sandbox = { sandbox: "main", policy: { filesystem_policy: { read_only: ["/etc", "/usr"] } } };
const file = "/usr/nemoclaw-proof";

/** What the quick start says of a write inside a sandbox that ends so. */
async function proved(runtime: string, exitCode: number, stderr: string): Promise<string> {
  const said: string[] = [];
  const host = { run: async () => ({ exitCode, stdout: "", stderr }) };
  await proveWriteRefused(host, { ...sandbox, runtime }, (line) => void said.push(line));
  return said.join("\n");
}

test.each([
  ["embedded", `sh: 1: cannot create ${file}: Read-only file system\n`],
  ["openshell", `sh: 1: cannot create ${file}: Permission denied\n`],
  ["openshell", `sh: line 1: ${file}: Permission denied\r\nError: the command ended with exit code 1\n`],
])("under %s a write is refused by %j", async (runtime, stderr) => {
  const [why = ""] = stderr.split(/\r?\n/).map((line) => line.trim());
  expect(await proved(runtime, 2, stderr)).toBe(
    `write refused:  ${file} inside the sandbox: ${why}  (rule filesystem_policy.read_only: /usr)`,
  );
});

test.each([
  ["an agent that is not ready", 125, "inside: the sandbox is starting (not-ready)\n"],
  ["a socket that may not be opened", 125, "inside: connect EACCES: Permission denied\n"],
  ["a folder that is not there", 1, ""],
  ["a folder inside that is not there", 2, `sh: 1: cannot create ${file}: Directory nonexistent\n`],
  ["a disk that is full", 2, `sh: 1: cannot create ${file}: No space left on device\n`],
  ["a gateway that does not answer", 1, "Error: transport error\n"],
])("%s refuses no write", async (_, exitCode, stderr) => {
  await expect(proved("embedded", exitCode, stderr)).rejects.toThrow(
    `whether ${file} can be written inside the sandbox could not be tried\n  said  ${stderr.trim() || "nothing"}   (exit ${exitCode})\n  try   `,
  );
});

test("a file that was written is a failure", async () => {
  await expect(proved("embedded", 0, "")).rejects.toThrow(`${file} was written inside the sandbox`);
});
