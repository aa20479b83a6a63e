import { describe, expect, it } from "vitest";
import { waitForCloudInit } from "../../host/cloud-init-wait.ts";
import { HostError } from "../../host/errors.ts";
import type { Host } from "../../host/host.ts";
import { readCloudInit } from "../../host/steps/cloud-init.ts";
import { hideSecrets } from "../../host/steps/cloud-init-log.ts";

const running = "status: running\ntime: Sun\ndetail:\nRunning in stage: modules-config\n--- log\nSetting up docker\n";
const done = "status: done\ntime: Sun\ndetail:\nDataSourceNoCloud [seed=/var/lib/cloud/seed]\n--- log\nfinished\n";
const failed = `status: error
boot_status_code: enabled-by-generator
detail:
('scripts_user', RuntimeError('Runparts: 1 failures'))
exit: 1
--- log
E: Unable to locate package nvidia-drivr
Cloud-init v. 24.1 finished
`;
const older = "status: error\ntime: Sun\ndetail: ('users', ProcessExecutionError())\nexit: 1\n--- log\nno\n";
const newer = `status: error
extended_status: error - done
detail: DataSourceEc2Local
errors:
	- ('runcmd', ValueError('bad'))
recoverable_errors:
WARNING:
	- a warning
exit: 1
--- log
`;
const degraded = `status: done
extended_status: degraded done
detail: DataSourceGCE
errors: []
recoverable_errors:
WARNING:
	- Failed to read the network settings
exit: 2
--- log
`;

describe("what cloud-init says", () => {
  it.each<[string, string, object]>([
    ["none on the machine", "status: absent\n", { status: "absent" }],
    ["switched off", "status: disabled\ndetail: by marker file\n--- log\n", { status: "absent" }],
    ["running", running, { status: "running", log: "Setting up docker" }],
    ["not started", "status: not started\n--- log\n", { status: "running" }],
    ["nothing at all, early in the boot", "exit: 1\n--- log\n", { status: "running" }],
    ["done", done, { status: "done", warnings: [] }],
    ["done, and about to restart", done.replace("---", "restarting: yes\n---"), { status: "restarting" }],
    ["got over its troubles", degraded, { status: "done" }],
    ["failed", failed, { status: "error", detail: "('scripts_user', RuntimeError('Runparts: 1 failures'))" }],
    ["failed, as older releases say it", older, { status: "error", detail: "('users', ProcessExecutionError())" }],
    ["failed, as newer releases say it", newer, { status: "error" }],
  ])("%s", (_, text, expected) => {
    expect(readCloudInit(text)).toMatchObject(expected);
  });

  it("keeps the errors and warnings of newer releases", () => {
    expect(readCloudInit(newer).detail).toContain("('runcmd', ValueError('bad'))");
    expect(readCloudInit(degraded).warnings.join()).toContain("Failed to read the network settings");
  });
});

describe("a log that is not ours", () => {
  it.each([
    [
      "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----\nnext",
      "[redacted]\nnext",
    ],
    ["-----BEGIN RSA PRIVATE KEY-----\nMIIcut", "[redacted]"],
    ["+ export API_TOKEN=abc123 HOME=/root", "+ export API_TOKEN=[redacted] HOME=/root"],
    ['{"password": "hunter2", "user": "x"}', '{"password": [redacted], "user": "x"}'],
    ["Authorization: Bearer abcdefgh123", "Authorization: Bearer [redacted]"],
    ["fetching https://me:pass@mirror/x", "fetching https://me:[redacted]@mirror/x"],
    ["Setting up docker.io (26.1.5)", "Setting up docker.io (26.1.5)"],
  ])("%j", (text, clean) => {
    expect(hideSecrets(text)).toBe(clean);
  });
});

describe("waiting for the first boot (a stand-in for the machine)", () => {
  it("tells what it works on once, and ends when it is done", async () => {
    const { said, connects } = await wait([running, running, done]);
    expect(said).toEqual(["first boot is under way: Setting up docker"]);
    expect(connects).toBe(3);
  });

  it("asks once where there is no cloud-init", async () => {
    expect(await wait(["status: absent\n"])).toEqual({ said: [], connects: 1 });
  });

  it("goes on after the machine restarted under it", async () => {
    const gone = new HostError("unreachable", { summary: "the connection was lost" });
    const { said } = await wait([done.replace("---", "restarting: yes\n---"), gone, running, done]);
    expect(said).toEqual([
      "first boot is under way: the machine is about to restart",
      "the machine went away during its first boot; waiting for it to come back",
      "first boot is under way: Setting up docker",
      "first boot is over, after a restart",
    ]);
  });

  it("fails with cloud-init's own error and the end of its log, without secrets", async () => {
    const leak = failed.replace("E: Unable", "token=abcdef123\nE: Unable");
    const error = await wait([running, leak]).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ kind: "command" });
    expect(String(error)).toContain("('scripts_user', RuntimeError('Runparts: 1 failures'))");
    expect(String(error)).toContain("E: Unable to locate package nvidia-drivr");
    expect(String(error)).not.toContain("abcdef123");
  });

  it("gives up at its deadline, and says where it was", async () => {
    await expect(wait([running], { seconds: 0.05 })).rejects.toThrow("did not end within 0.05 s");
  });

  it("ends when it is cancelled", async () => {
    const controller = new AbortController();
    const waiting = wait([running, running, running], { signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toThrow();
  });

  it("does not hide that a machine cannot be reached any more", async () => {
    const connect = () => Promise.reject(new HostError("unreachable", { summary: "gone for good" }));
    await expect(waitForCloudInit({ connect, log: () => {} })).rejects.toThrow("gone for good");
  });
});

/** Answers one after the other, the last one for ever. */
async function wait(answers: (string | Error)[], more: { seconds?: number; signal?: AbortSignal } = {}) {
  const said: string[] = [];
  let connects = 0;
  const run = async () => {
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer instanceof Error) throw answer;
    return { stdout: answer ?? "", stderr: "", exitCode: 0 };
  };
  const connect = async () => {
    connects += 1;
    return { machine: { address: "gpu.example" }, run } as unknown as Host;
  };
  await waitForCloudInit({ connect, log: (line) => said.push(line), roundSeconds: 0.01, ...more });
  return { said, connects };
}
