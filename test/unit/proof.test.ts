import { expect, test } from "vitest";
import { proveEgressRefused, proveWriteRefused } from "../../scripts/first-run/proof.ts";

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

/** What the quick start says of a way out to a host that the policy does not name. */
async function triedOut(hosts: readonly string[], status = "403") {
  const said: string[] = [];
  const tried: string[] = [];
  const host = {
    run: async (command: unknown) => {
      tried.push(...(JSON.stringify(command).match(/http:\/\/[^/]+\//) ?? []));
      return { exitCode: 0, stdout: `{"reason":"no endpoint of the policy names it"}\n${status}`, stderr: "" };
    },
  };
  const endpoints = hosts.map((name) => ({ host: name, port: 80 }));
  const networkPolicies = {
    mine: { endpoints: [...endpoints, { port: 443, allowed_ips: ["10.0.0.1"] }], binaries: [] },
  };
  await proveEgressRefused(host, { ...sandbox, runtime: "embedded", networkPolicies }, (line) => void said.push(line));
  return { said: said.join("\n"), tried };
}

test.each([
  [[], "example.com"],
  [["example.com"], "example.net"],
  [["**.example.com", "Example.com", "example.net"], "example.org"],
  [["example.com", "example.net", "example.org"], "nemoclaw-proof.invalid"],
])("where the policy names %j, a way out to %s is tried", async (hosts, stranger) => {
  const { said, tried } = await triedOut(hosts);
  expect(tried).toEqual([`http://${stranger}/`]);
  expect(said).toMatch(/^egress refused: .* got 403 {2}\(no rule of network_policies allows it: no endpoint/);
});

test("a policy that names every host there is to try is no failure, and is told", async () => {
  const { said, tried } = await triedOut(["example.com", "example.net", "example.org", "nemoclaw-proof.invalid"]);
  expect(tried).toEqual([]);
  expect(said).toMatch(/^egress not tried: {2}the policy names example\.com/);
});

test("a host that the policy does not name and that answers is a failure", async () => {
  await expect(triedOut(["example.com"], "200")).rejects.toThrow(
    "http://example.net/ was not refused inside the sandbox",
  );
});
