import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Host } from "../../host/host.ts";
import type { Machine } from "../../host/machine.ts";
import { newKeyPair } from "../../host/openssh-key.ts";
import { closeAll, connectTo } from "../../host/pool.ts";
import { presentedKeys } from "../../host/presented-keys.ts";
import { bareKey, ensureMachineIdentity } from "../../host/steps/machine-identity.ts";
import { dockerEngine } from "../../provider/handlers/docker-engine.ts";
import { machineIdentity } from "../../provider/handlers/machine-identity.ts";
import { preflight } from "../../provider/handlers/preflight.ts";
import { stackFile } from "../../scripts/clone-paths.ts";
import { findEngine } from "../../scripts/engine-choice.ts";
import { findOperatorMirrors } from "../../scripts/first-run/operator-mirrors.ts";
import { testStackPrefix } from "../../scripts/test-things.ts";
import { arch, ContainerMachine } from "../support/container-machine.ts";
import { LocalStack } from "../support/local-stack.ts";
import { startAgent } from "../support/ssh-agent.ts";
import { writeStackFile } from "../support/stack-file.ts";

const box = new ContainerMachine("box");
const { hostKey: bootstrap, userKey } = box;
const final = newKeyPair();
const hostKey = { publicKey: final.public, privateKey: final.private };

const said: string[] = [];
const progress = () => ({ log: (line: string) => void said.push(line), signal: AbortSignal.timeout(240_000) });

beforeAll(() => box.make());

afterAll(() => box.remove());

describe("the host key of a machine, from the first byte on", () => {
  it("goes on from wherever a run was killed, and the machine answers after each command", async () => {
    const step = ensureMachineIdentity(hostKey);
    const either = machine({ hostKeys: [final.public, bootstrap.public] });
    for (let left = step.plan(await (await connectTo(either)).look(step.facts)); left.length > 0; ) {
      const host = await connectTo(either, { connectSeconds: 20 });
      await host.apply("one command", left.slice(0, 1));
      // As after a kill: no connection, nothing remembered.
      await closeAll();
      left = step.plan(await (await connectTo(either, { connectSeconds: 20 })).look(step.facts));
    }
    await closeAll();
    await expect(reach({ hostKeys: [bootstrap.public] })).rejects.toMatchObject({ kind: "host-key" });
    const keys = await presentedKeys(box.made.address, box.made.port);
    expect(keys.map(({ line }) => line)).toEqual([bareKey(final.public)]);
  });

  it("is taken over, read, and given up nowhere; everybody else uses the same connection", async () => {
    const first = machine({ hostKeys: [final.public, bootstrap.public] });
    const { state } = await machineIdentity.create({ machine: first, hostKey, ready: true }, progress());
    expect(state).toMatchObject({ hostKeys: [final.public], ready: true });
    const before = await logins();
    // A later run is a new process: one handshake in all, this resource's among them.
    await closeAll();
    expect(await machineIdentity.read("", state, progress())).toMatchObject({ ready: true });
    await reach({});
    expect((await logins()) - before).toBe(1);
  });

  it("keeps the private half to root, and out of the journal", async () => {
    const host = await reach({});
    const { stdout } = await host.run({
      title: "look for the key",
      script: `stat -c '%a %U' /etc/ssh/nemoclaw_host_key
journalctl --no-pager | grep -c ${final.private.split("\n")[3]} || :`,
    });
    expect(stdout.trim().split("\n")).toEqual(["600 root", "0"]);
  });

  it("survives a restart of the machine, and shows when somebody takes it out", async () => {
    await box.restart();
    const host = await reach({});
    await host.apply("what somebody else did", [
      { title: "add a host key", script: "printf 'HostKey /etc/ssh/other\\n' >/etc/ssh/sshd_config.d/50-other.conf" },
      {
        title: "make it",
        script: "ssh-keygen -q -t rsa -b 2048 -N '' -f /etc/ssh/other && sshd -t && systemctl reload ssh",
      },
    ]);
    const inputs = { machine: machine({ hostKeys: [final.public, bootstrap.public] }), hostKey, ready: true };
    const state = { ...inputs, hostKeys: [final.public] };
    expect(await machineIdentity.read("", state, progress())).toMatchObject({ ready: false });
    expect(await machineIdentity.update("", inputs, state, progress())).toMatchObject({ ready: true });
    expect(await machineIdentity.read("", state, progress())).toMatchObject({ ready: true });
  });

  it("waits for the first boot, and fails with cloud-init's words (a stand-in for cloud-init)", async () => {
    const inputs = { machine: machine({ hostKeys: [final.public, bootstrap.public] }), hostKey, ready: true };
    const state = { ...inputs, hostKeys: [final.public] };
    const host = await reach({});
    await host.apply("a stand-in for cloud-init", [cloudInitStandIn]);
    await machineIdentity.update("", inputs, state, progress());
    expect(said.join("\n")).toContain("first boot is under way: Setting up a driver");

    await host.apply("a stand-in that fails", [
      { title: "fail", script: "echo 'E: no such driver' >>/var/log/cloud-init-output.log; touch /run/ci-fails" },
    ]);
    await expect(machineIdentity.update("", inputs, state, progress())).rejects.toThrow("E: no such driver");
    await host.apply("clean up", [{ title: "remove it", script: "rm /usr/local/bin/cloud-init" }]);
  });
});

describe("a machine that exists already", () => {
  it("passes the preflight, which changes nothing on it", async () => {
    const inputs = { machine: machine({}), fit: true };
    const before = await fingerprintOfEtc();
    const { state } = await preflight.create(inputs, progress());
    expect(state).toMatchObject({ fit: true, missing: [], architecture: arch === "amd64" ? "x86_64" : "aarch64" });
    expect(await fingerprintOfEtc()).toBe(before);
  });

  it("is refused with all that is missing, before anything is changed", async () => {
    const host = await reach({});
    await host.apply("somebody else's things", [
      {
        title: "take a port and the machine",
        script: `systemd-run --quiet --unit=somebody /usr/sbin/sshd -D -o ListenAddress=127.0.0.1 -p 17872
install -d /etc/nemoclaw
echo '{"project": "other", "stack": "theirs", "installation": "x"}' >/etc/nemoclaw/owner.json`,
      },
    ]);
    await sleep(500);
    const inputs = { machine: machine({ arch: arch === "amd64" ? "arm64" : "amd64" }), fit: true };
    const error = await preflight.create(inputs, progress()).catch((caught: unknown) => String(caught));
    expect(error).toContain("3 things are missing; nothing was changed on it");
    expect(error).toContain("somebody.service listens on port 17872");
    expect(error).toContain("this machine belongs to other/theirs");
    await host.apply("clean up", [
      { title: "give them back", script: "systemctl stop somebody.service; rm -r /etc/nemoclaw" },
    ]);
  });

  it("is reached with its ed25519 key, its RSA key, or both pinned, and no other", async () => {
    const host = await reach({});
    const { stdout } = await host.run({ title: "its other key", script: "ssh-keygen -y -f /etc/ssh/other" });
    await host.apply("a second host key", [
      {
        title: "serve both",
        script:
          "printf 'HostKey /etc/ssh/nemoclaw_host_key\\nHostKey /etc/ssh/other\\n' >/etc/ssh/sshd_config.d/00-nemoclaw-host-key.conf; systemctl reload ssh; sleep 1",
      },
    ]);
    const rsa = stdout.trim();
    await closeAll();
    for (const hostKeys of [[rsa], [final.public], [rsa, final.public]]) {
      expect(await whoami(await reach({ hostKeys }))).toBe("root");
    }
    await expect(reach({ hostKeys: [newKeyPair().public] })).rejects.toMatchObject({
      kind: "host-key",
      message: expect.stringContaining("nothing was sent to it"),
    });
  });

  it("is reached through a jump host, whose key is pinned as well", async () => {
    const { address, port } = box.made;
    const jump = { kind: "jump" as const, address, port, user: "admin" };
    const behind = { address: "127.0.0.1", port: 22 };
    expect(await whoami(await reach({ ...behind, via: { ...jump, hostKeys: [final.public] } }))).toBe("root");
    const impostor = { ...jump, hostKeys: [newKeyPair().public] };
    await expect(reach({ ...behind, via: impostor })).rejects.toMatchObject({ kind: "host-key" });
    // Nothing listens there.
    const dead = { ...behind, port: 9, via: { ...jump, hostKeys: [final.public] } };
    await expect(reach(dead, 2)).rejects.toMatchObject({ kind: "unreachable" });
  });

  it("does not let in another key, and says so", async () => {
    await closeAll();
    await expect(reach({ privateKey: newKeyPair().private })).rejects.toMatchObject({
      kind: "auth",
      message: expect.stringContaining("authorized_keys"),
    });
    await closeAll();
  });

  it("is reached with a key that only an agent holds, and so is its jump host", async ({ skip }) => {
    await using agent = await startAgent();
    if (!agent) return skip("no ssh-agent here");
    const { address, port } = box.made;
    const login = { privateKey: undefined, agentSocket: agent.socket };
    await closeAll();
    await expect(reach(login)).rejects.toMatchObject({ kind: "auth" });
    await closeAll();
    await box.shell(`install -d -m 0700 -o admin -g admin ~admin/.ssh
echo '${agent.key.public}' >~admin/.ssh/authorized_keys`);
    expect(await whoami(await reach(login))).toBe("root");
    const via = { kind: "jump" as const, address, port, user: "admin", hostKeys: [final.public] };
    expect(await whoami(await reach({ ...login, address: "127.0.0.1", port: 22, via }))).toBe("root");
    await box.shell("rm -r ~admin/.ssh");
    await closeAll();
  });

  it("is waited for at a dead port, until the deadline", async () => {
    await expect(reach({ port: await deadPort() }, 2)).rejects.toMatchObject({
      kind: "unreachable",
      message: expect.stringMatching(/cannot be reached.*tried for/),
    });
  });

  it("keeps Docker, swarm and container of somebody else's over create, refresh and delete of ours", async () => {
    const host = await reach({});
    await host.apply("Docker of somebody else's", [
      {
        title: "install Docker and run something",
        script: `apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends docker.io
mkdir -p /tmp/theirs/bin && cp -L /bin/sh /bin/sleep /tmp/theirs/bin/
for library in $(ldd /bin/sh | grep -o '/[^ )]*'); do cp -L --parents "$library" /tmp/theirs; done
tar -C /tmp/theirs -c . | docker import - theirs
docker swarm init --advertise-addr 127.0.0.1
docker run -d --name theirs --network none theirs /bin/sh -c 'sleep 3600'`,
        timeoutSeconds: 280,
      },
    ]);
    const everything = async () => ({ docker: await theirs(), etc: await fingerprintOfEtc(), dpkg: await packages() });
    const before = await everything();
    expect(before.docker).toContain(" true ");
    expect(before.docker).toContain("swarm active");
    expect(before.docker).toContain("no daemon.json");
    const inputs = { machine: machine({}), source: "distribution" as const, enabled: true, running: true };
    const { id, state } = await dockerEngine.create(inputs, progress());
    expect(state).toMatchObject({ foreign: true });
    expect(await dockerEngine.read(id, state, progress())).toMatchObject({ running: true, enabled: true });
    await dockerEngine.delete(id, state, progress());
    expect(await everything()).toEqual(before);
  });

  it("is refused for OpenShell while its Docker is too old, with what its own would change left alone", async () => {
    const inputs = { machine: machine({}), fit: true, runtime: { kind: "openshell" as const } };
    const before = await fingerprintOfEtc();
    await expect(preflight.create(inputs, progress())).rejects.toThrow(
      /nothing was changed on it[\s\S]*has Docker \d+[\s\S]*runtime\.accept: \[docker-version\]/,
    );
    expect(said.at(-1)).toMatch(
      /docker\.io \S+ was here before, with 1 running container, in a swarm, and is used as it is/,
    );
    expect(await fingerprintOfEtc()).toBe(before);
  });
});

describe("a whole environment on it, through a jump host, on the embedded engine", { timeout: 900_000 }, () => {
  const secret = userKey.private.split("\n")[3] ?? "";
  let stack: LocalStack;
  let before: string;

  beforeAll(async () => {
    process.env.NEMOCLAW_ENGINE = "embedded";
    stack = await LocalStack.open(`${testStackPrefix}-existing`, await findEngine());
    const hostKeys = [final.public.trim()];
    const { address, port } = box.made;
    const config = {
      "nemoclaw:machine": {
        ...{ kind: "existing", address: "127.0.0.1", port: 22, user: "admin", hostKeys, arch },
        via: { kind: "jump", address, port, user: "admin", hostKeys },
      },
      "nemoclaw:runtime": { kind: "embedded", accept: ["binaries"] },
      "nemoclaw:inference": { kind: "machine", baseUrl: "http://127.0.0.1:8000/v1", model: "none-runs" },
      "nemoclaw:mirrors": await findOperatorMirrors(),
    };
    await stack.forget();
    await writeStackFile(stackFile(stack.name), config);
    await stack.pulumi("stack", "init", stack.name);
    await stack.setSecret("nemoclaw:sshPrivateKey", userKey.private);
    before = await theirs();
    await closeAll();
  });

  afterAll(async () => {
    await stack.forget();
    delete process.env.NEMOCLAW_ENGINE;
  });

  it("shows the doctor its host key through the jump host, for a person to compare", async () => {
    const { exitCode, stdout, stderr } = await stack.script("doctor", "--host-key", "127.0.0.1");
    expect(exitCode, stdout + stderr).toBe(0);
    expect(stdout).toContain(`127.0.0.1, through ${box.made.address} presents these host keys`);
    expect(stdout).toContain(`    - ${bareKey(final.public)}`);
  });

  it("is looked at by the doctor before anything is deployed", async () => {
    const { exitCode, stdout, stderr } = await stack.script("doctor");
    expect(exitCode, stdout + stderr).toBe(0);
    expect(stdout).toContain("fit for this stack");
  });

  it("comes up, is looked at, stays as it is, and goes over one SSH handshake, without a trace of ours or a loss of theirs", async () => {
    const made = await stack.up();
    expect(made).toMatch(/machine-preflight[\s\S]*host-docker/);
    const { exitCode, stdout, stderr } = await stack.script("doctor", "--json");
    expect(exitCode, stdout + stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ missing: [] });
    expect(await stack.refreshPreview()).not.toContain("has drifted");

    const loggedIn = await logins();
    const gone = await stack.pulumi("destroy", "--yes", "--skip-preview", "--color", "never");
    expect(gone.exitCode, gone.stdout + gone.stderr).toBe(0);
    // One at the jump host, which is the same machine, and one through it.
    expect((await logins()) - loggedIn).toBe(2);
    expect(await theirs()).toBe(before);
    const { stdout: left } = await (await reach({})).run({
      title: "what is left",
      script:
        "ls -d /etc/nemoclaw /opt/nemoclaw /var/lib/nemoclaw /etc/systemd/system/nemoclaw-*@* 2>/dev/null; { getent passwd; getent group; } | grep nemoclaw || :",
    });
    expect(left.trim()).toBe("");
    expect(stack.printed).not.toContain(secret);
  });
});

/** Somebody else's Docker: container, daemon, settings and packages, and since when they run. */
async function theirs(): Promise<string> {
  const { stdout } = await (await reach({})).run({
    title: "is it there",
    script: `docker inspect -f '{{.Id}} {{.State.Running}} {{.State.Pid}}' theirs
docker info -f 'swarm {{.Swarm.LocalNodeState}}, {{.Images}} images'
systemctl show docker.service containerd.service --property=MainPID --property=UnitFileState
ls -A /etc/docker
cat /etc/docker/daemon.json 2>/dev/null || echo no daemon.json
dpkg-query --show 'docker*' 'containerd*' runc`,
  });
  return stdout.trim();
}

async function packages(): Promise<string> {
  const { stdout } = await (await reach({})).run({ title: "what is installed", script: "dpkg -l" });
  return stdout;
}

function machine(change: Partial<Machine>): Machine {
  return box.machine({ hostKeys: [final.public], ...change });
}

function reach(change: Partial<Machine>, connectSeconds = 30): Promise<Host> {
  return connectTo(machine(change), { connectSeconds });
}

async function whoami(host: Host): Promise<string> {
  return (await host.run({ title: "who am I", script: "id -un" })).stdout.trim();
}

/** sshd's own count. */
async function logins(): Promise<number> {
  const { stdout } = await (await reach({})).run({
    title: "count logins",
    script: "journalctl -u ssh --no-pager -o cat | grep -c 'Accepted publickey' || :",
  });
  return Number(stdout);
}

async function fingerprintOfEtc(): Promise<string> {
  const { stdout } = await (await reach({})).run({
    title: "what is in /etc and /opt",
    script: "find /etc /opt -printf '%p %m %s %T@\\n' | sort | sha256sum",
  });
  return stdout;
}

async function deadPort(): Promise<number> {
  const { createServer } = await import("node:net");
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// Runs for two questions, then is done, or fails when it was told to.
const cloudInitStandIn = {
  title: "put a stand-in for cloud-init",
  script: `cat >/usr/local/bin/cloud-init
chmod 0755 /usr/local/bin/cloud-init
echo 'Setting up a driver' >/var/log/cloud-init-output.log`,
  stdin: `#!/bin/sh
case $* in *--wait*) sleep 1; exit 0 ;; esac
test ! -e /run/ci-fails || { printf 'status: error\\ndetail: no driver\\n'; exit 1; }
n=$(cat /run/ci 2>/dev/null || echo 0)
echo $((n + 1)) >/run/ci
if test "$n" -lt 2; then echo 'status: running'; else echo 'status: done'; fi
`,
};
