import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Host } from "../../host/host.ts";
import { createDemo, deleteDemo, readDemo } from "../../host/local/demo.ts";
import { docker, inspect } from "../../host/local/docker.ts";
import { ensureMachineImage } from "../../host/local/image.ts";
import { labelArguments, ownerLabels } from "../../host/local/labels.ts";
import {
  createLocalMachine,
  deleteLocalMachine,
  type LocalMachine,
  readLocalMachine,
  stopLocalMachine,
  updateLocalMachine,
} from "../../host/local/machine.ts";
import { listLocal } from "../../host/local/sweep.ts";
import { type ConnectOptions, closeAll } from "../../host/pool.ts";
import { ensure } from "../../host/step.ts";
import { ensurePackages } from "../../host/steps/apt-packages.ts";
import { dockerEngineState, ensureDockerEngine } from "../../host/steps/docker-engine.ts";
import { installedDocker } from "../../host/steps/docker-found.ts";
import { proveDockerEngine } from "../../host/steps/docker-proof.ts";
import { dockerEngine } from "../../provider/handlers/docker-engine.ts";
import { ContainerMachine } from "../support/container-machine.ts";
import { signedRepository, signedRepositoryUri } from "../support/signed-repository.ts";

const box = new ContainerMachine("machine");
const { name, owner, hostKey } = box;
const nothing = { containers: [], volumes: [], networks: [] };

let machine: LocalMachine;

beforeAll(async () => {
  await box.make(surroundings());
  machine = box.made;
});

afterAll(() => box.remove());

describe("a local machine", () => {
  it("lets in the stack's key, shows the injected host key, and is up without a failed unit", async () => {
    const host = await connect();
    const { stdout } = await host.run({
      title: "look around",
      script: "systemctl is-system-running --wait || :; systemctl --failed --no-legend; ps -o comm= -p 1",
    });
    expect(stdout.trim().split("\n")).toEqual(["running", "systemd"]);
  });

  it("starts from an image that is kept: for the next one nothing is pulled, made or built", async () => {
    const brought: string[] = [];
    const bringing = <T>(reference: string, work: () => Promise<T>) => {
      brought.push(reference);
      return work();
    };
    const said: string[] = [];
    const { id } = await ensureMachineImage({ log: (line) => said.push(line), bringing });
    expect(id).toBe(machine.image);
    expect([brought, said]).toEqual([[], []]);
  });

  it("keeps its keys out of what Docker shows of it", async () => {
    const shown = JSON.stringify(await inspect("container", machine.containerId));
    const secret = hostKey.private.split("\n")[2] ?? "";
    expect(secret.length).toBeGreaterThan(20);
    expect(shown).not.toContain(secret);
  });

  it("enforces a unit's memory limit", async () => {
    const host = await connect();
    const { stdout } = await host.run({
      title: "take 150 MB in a unit that may have 1 GB, and in one that may have 32 MB",
      script: `for limit in 1G 32M; do
  systemd-run --quiet --collect --wait --pipe --property=MemoryMax=$limit --property=MemorySwapMax=0 \\
    sh -c 'head -c 150000000 /dev/zero | tail -n 1 | wc -c' || :
  echo "$limit tried"
done`,
      timeoutSeconds: 60,
    });
    expect(stdout).toMatch(/^150000000\n1G tried\n(0\n)?32M tried\n$/);
  });

  it("has nothing left running of what was cancelled", async () => {
    const units = { title: "list what is applied", script: "systemctl list-units --no-legend 'nemoclaw-apply-*'" };
    const controller = new AbortController();
    const { promise: began, resolve } = Promise.withResolvers<void>();
    const log = (line: string) => line.endsWith("wait for long") && resolve();
    const host = await connect({ signal: controller.signal, log });
    const running = host.apply("a test", [{ title: "wait for long", script: "sleep 600 & wait" }]);
    const ended = expect(running).rejects.toMatchObject({ kind: "cancelled" });
    await began;
    const other = await connect();
    expect((await other.run(units)).stdout).toMatch(/^ *nemoclaw-apply-\S+ +loaded +active/);
    controller.abort();
    await ended;
    expect((await other.run(units)).stdout).toBe("");
    const left = await other.run({ title: "look for its processes", script: "pgrep -fx 'sleep 600' || echo none" });
    expect(left.stdout).toBe("none\n");
  });

  it("gets Docker from the distribution once somebody else's package work is over, and is left alone the second time", async () => {
    const host = await connect();
    await host.apply("somebody else's package work", [holdAptLocks]);
    const { stdout: refused } = await host.run({
      title: "try apt",
      script: "apt-get update 2>&1 || :; LC_ALL=C dpkg --configure -a 2>&1 || :",
    });
    expect(refused).toContain("Could not get lock /var/lib/apt/lists/lock");
    expect(refused).toContain("dpkg frontend lock was locked by another process");
    const facts = await ensure(host, ensureDockerEngine({ source: "distribution" }));
    expect(installedDocker(facts.found)).toBe("docker.io");
    expect(dockerEngineState(facts)).toMatchObject({ enabled: true, active: true });
    const { stdout: held } = await host.run({ title: "what was waited for", script: "cat /run/held" });
    expect(held).toBe("lists: an update waited\nfrontend: an installation waited\n");
    await proveDockerEngine(host);
    const again = await host.look(ensureDockerEngine({ source: "distribution" }).facts);
    expect(ensureDockerEngine({ source: "distribution" }).plan(again)).toEqual([]);
  });

  it("has Docker mended: disabled, stopped, and with settings of the site's own", async () => {
    const host = await connect();
    await host.apply("what somebody else did", [
      {
        title: "disturb Docker",
        script: `systemctl disable --now docker.service docker.socket
printf '{"bip": "10.99.0.1/24", "log-opts": {"max-size": "3m"}}' >/etc/docker/daemon.json`,
      },
    ]);
    const facts = await ensure(host, ensureDockerEngine({ source: "distribution" }));
    expect(facts.found.service).toMatchObject({ enabled: true, active: true, settingsInForce: true });
    expect(JSON.parse(facts.found.settings ?? "")).toEqual({
      bip: "10.99.0.1/24",
      "live-restore": true,
      "log-driver": "json-file",
      "log-opts": { "max-size": "3m", "max-file": "3" },
    });
    await proveDockerEngine(host);
  });

  it("removes nothing of somebody's for Docker: containerd.io, as a Kubernetes node has it (a stand-in)", async () => {
    const host = await connect();
    await host.apply("a Kubernetes node", [kubernetesNode]);
    const before = await installedPackages(host);
    expect(before).toContain("containerd.io");
    await expect(ensure(host, ensureDockerEngine({ source: "distribution" }))).rejects.toThrow(
      "containerd.io 99.1 is on this machine without Docker",
    );
    await expect(ensure(host, ensurePackages({ packages: ["docker.io"] }))).rejects.toThrow(
      "it would remove containerd.io, which somebody may use",
    );
    expect(await installedPackages(host)).toBe(before);
    await host.apply("clean up", [{ title: "remove it", script: "dpkg --purge containerd.io" }]);
  });

  it("takes Docker's own packages by their key's fingerprint only (a stand-in for the repository)", async () => {
    const host = await connect();
    const { stdout } = await host.run(dockerRepository);
    const fingerprint = stdout.trim().split("\n").at(-1) ?? "";
    const uri = `${signedRepositoryUri}/docker/linux`;
    const wrong = { uri, fingerprint: fingerprint.replace(/^./, (digit) => (digit === "0" ? "1" : "0")) };
    await expect(ensure(host, ensureDockerEngine({ source: "docker", repository: wrong }))).rejects.toThrow(
      `the key there is ${fingerprint}, and the lock file wants ${wrong.fingerprint}`,
    );
    expect(
      installedDocker((await host.look(ensureDockerEngine({ source: "distribution" }).facts)).found),
    ).toBeUndefined();

    const repository = { uri, fingerprint };
    const facts = await ensure(host, ensureDockerEngine({ source: "docker", repository }));
    expect(facts.found.packages).toMatchObject({ "docker-ce": "5:99.1" });
    expect(dockerEngineState(facts)).toMatchObject({ enabled: true, active: true });
    await proveDockerEngine(host);
    // Which source a machine without Docker would get is nothing to one that has it.
    const kept = await ensure(host, ensureDockerEngine({ source: "distribution" }));
    expect(installedDocker(kept.found)).toBe("docker-ce");
    expect(dockerEngineState(kept)).toMatchObject({ foreign: false });
  });

  it("has somebody's docker-ce used as it is, and refused while it is stopped, by the resource itself", async () => {
    const host = await connect();
    await host.apply("as an image brings it", [
      {
        title: "forget what we wrote",
        script: "rm /etc/docker/nemoclaw.json /etc/docker/daemon.json; systemctl restart docker.service",
      },
    ]);
    const look = async () =>
      [
        await installedPackages(host),
        (await host.run({ title: "its daemon", script: "pidof dockerd; ls -A /etc/docker" })).stdout,
      ].join("\n");
    const before = await look();
    const progress = { log: () => {}, signal: AbortSignal.timeout(120_000) };
    const inputs = { machine: box.machine(), source: "distribution" as const, enabled: true, running: true };
    const { id, state } = await dockerEngine.create(inputs, progress);
    expect(state).toMatchObject({ foreign: true, enabled: true, running: true });
    await dockerEngine.delete(id, state, progress);
    expect(await look()).toBe(before);

    const stop = "systemctl stop docker.service docker.socket; systemctl disable docker.service docker.socket";
    await host.apply("what its owner does", [{ title: "stop and disable it", script: stop }]);
    expect(await dockerEngine.read(id, state, progress)).toMatchObject({ running: false, enabled: false });
    await expect(dockerEngine.update(id, inputs, state, progress)).rejects.toThrow(
      /is not this stack's, and does not run nor start with the machine\n +try +systemctl enable --now docker\.service/,
    );
    await host.apply("what its owner does", [{ title: "start it", script: "systemctl enable --now docker.service" }]);
    await dockerEngine.update(id, inputs, state, progress);
  });

  it("comes back from a reboot with Docker, at the same address", async () => {
    const before = await bootTime(await connect());
    await (await connect()).run({ title: "reboot", script: "systemctl --no-block reboot" }).catch(() => {});
    const host = await untilRebooted(before);
    await host.run({ title: "wait until it is up", script: "systemctl is-system-running --wait || :" });
    const facts = await host.look(ensureDockerEngine({ source: "distribution" }).facts);
    expect(dockerEngineState(facts)).toMatchObject({ enabled: true, active: true });
    expect((await readLocalMachine(machine.containerId))?.port).toBe(machine.port);
    await proveDockerEngine(host);
  });

  it("is seen stopped, and an update starts it at the same port", async () => {
    await closeAll();
    await stopLocalMachine(machine.containerId, owner);
    expect(await readLocalMachine(machine.containerId)).toMatchObject({ running: false, port: machine.port });
    const updated = await updateLocalMachine({ containerId: machine.containerId, owner, memory: "4g" });
    expect(updated).toMatchObject({ running: true, port: machine.port, memory: 4 * 1024 ** 3 });
    expect((await bootTime(await connect())).length).toBeGreaterThan(0);
  });

  it("is not taken by another installation, nor removed by it", async () => {
    const other = { ...owner, installation: `${owner.installation}-other` };
    await expect(createLocalMachine({ ...box.args, ...surroundings(), owner: other })).rejects.toMatchObject({
      kind: "foreign",
    });
    await expect(deleteLocalMachine({ name, owner: other, network: name })).rejects.toMatchObject({ kind: "foreign" });
    expect(await listLocal(other)).toEqual(nothing);
    expect(await readLocalMachine(machine.containerId)).toMatchObject({ running: true });
  });
});

describe("a demo beside it (a stand-in for the demo's program)", () => {
  it("answers the machine by its alias and this computer on 127.0.0.1, and is gone when deleted", async () => {
    const folder = mkdtempSync(join(tmpdir(), "nemoclaw-test-"));
    const bundlePath = join(folder, "demo.mjs");
    writeFileSync(
      bundlePath,
      `import { createServer } from "node:http";
for (const port of [8080, 8081]) createServer((_, answer) => answer.end("from " + port + " as " + process.getuid())).listen(port);
process.on("SIGTERM", () => process.exit());`,
      { mode: 0o600 },
    );
    const nodeBinary = fileURLToPath(
      new URL(`../../node_modules/node-linux-${process.arch}/bin/node`, import.meta.url),
    );
    const demo = await createDemo({ name: `${name}-demo`, owner, network: name, bundlePath, nodeBinary });
    rmSync(folder, { recursive: true });
    try {
      expect(await answer(`http://127.0.0.1:${demo.modelPort}/`)).toBe("from 8080 as 65534");
      expect(await answer(`http://127.0.0.1:${demo.telegramPort}/`)).toBe("from 8081 as 65534");
      const host = await connect();
      const { stdout } = await host.run({ title: "ask the demo", script: `curl -sS http://${demo.alias}:8080/` });
      expect(stdout).toBe("from 8080 as 65534");
    } finally {
      await deleteDemo({ containerId: demo.containerId, name: `${name}-demo`, owner, network: name });
    }
    expect(await readDemo(demo.containerId)).toBeUndefined();
    expect((await listLocal(owner)).networks).toHaveLength(1);
  });
});

describe("the end of a local machine", () => {
  it("takes up a half-made one of the same owner", async () => {
    const half = `${name}-half`;
    await docker(["create", "--name", half, ...labelArguments(ownerLabels(owner)), machine.image]);
    const made = await createLocalMachine({ ...box.args, ...surroundings(), name: half });
    expect(made).toMatchObject({ name: half, running: true });
    await deleteLocalMachine({ containerId: made.containerId, name: half, owner, network: name });
    expect(await readLocalMachine(made.containerId)).toBeUndefined();
    expect(await readLocalMachine(machine.containerId)).toMatchObject({ running: true });
  });

  it("is read as gone after somebody removed it by hand, and deleting it leaves nothing", async () => {
    await closeAll();
    await docker(["rm", "--force", machine.containerId]);
    expect(await readLocalMachine(machine.containerId)).toBeUndefined();
    await deleteLocalMachine({ containerId: machine.containerId, name, owner, network: name });
    expect(await listLocal(owner)).toEqual(nothing);
  });
});

/**
 * Holds the lists' lock until an update waits for it, and dpkg's until an installation does; each some seconds longer. fcntl's
 * locks, as apt takes them.
 */
const holdAptLocks = {
  title: "hold apt's and dpkg's locks",
  script: `cat >/run/hold-locks
systemd-run --quiet --unit=hold-locks perl /run/hold-locks
until test -e /run/held; do sleep 0.1; done`,
  stdin: `use Fcntl;
sub hold {
  open(my $file, '>>', $_[0]) or die $!;
  my $whole = pack('s s x4 q q l x4', F_WRLCK, 0, 0, 0, 0);
  fcntl($file, F_SETLK, $whole) or die $!;
  return $file;
}
sub waits {
  for (1 .. 4000) {
    for (glob '/proc/[0-9]*/cmdline') {
      open(my $of, '<', $_) or next;
      return 1 if (<$of> // '') =~ /^apt-get\0.*DPkg::Lock::Timeout.*\0$_[0]\0/;
    }
    select(undef, undef, undef, 0.03);
  }
  return 0;
}
my ($lists, $frontend) = (hold('/var/lib/apt/lists/lock'), hold('/var/lib/dpkg/lock-frontend'));
open(my $held, '>', '/run/held') or die $!;
$held->autoflush(1);
if (waits('update')) { sleep 3; print $held "lists: an update waited\n"; }
close $lists;
if (waits('install')) { sleep 5; print $held "frontend: an installation waited\n"; }
`.replaceAll("\0", "\\0"),
  timeoutSeconds: 60,
};

/** A package with the name and the relations of Docker's containerd, in the place of Debian's Docker. */
const kubernetesNode = {
  title: "have containerd.io and no Docker",
  script: `apt-get purge --yes docker.io containerd runc
cd "$(mktemp -d)"
mkdir -p containerd.io/DEBIAN
printf 'Package: containerd.io\nVersion: 99.1\nArchitecture: all\nMaintainer: a test\nProvides: containerd, runc\nConflicts: containerd, runc\nReplaces: containerd, runc\nDescription: empty\n' >containerd.io/DEBIAN/control
dpkg-deb --build containerd.io .
dpkg --install containerd.io_*.deb`,
  timeoutSeconds: 120,
};

async function installedPackages(host: Host): Promise<string> {
  return (await host.run({ title: "what is installed", script: "dpkg-query --show" })).stdout;
}

/** Debian's Docker under the names of Docker's own packages. */
const dockerRepository = signedRepository({
  folder: "docker/linux/debian",
  suite: "bookworm",
  key: "docker/linux/debian/gpg",
  packages: `apt-get download docker.io
dpkg-deb --raw-extract docker.io_*.deb docker-ce
sed -i -e 's/^Package: .*/Package: docker-ce/' -e 's/^Version: .*/Version: 5:99.1/' -e '/^Source:/d' \\
  -e '/^\\(Replaces\\|Conflicts\\|Breaks\\):/d' -e 's/^Architecture:/Conflicts: docker.io\\nArchitecture:/' docker-ce/DEBIAN/control
dpkg-deb -Znone --build docker-ce $pool
for name in docker-ce-cli containerd.io; do
  mkdir -p $name/DEBIAN
  printf 'Package: %s\\nVersion: 5:99.1\\nArchitecture: all\\nMaintainer: a test\\nDescription: empty\\n' $name >$name/DEBIAN/control
  dpkg-deb --build $name $pool
done`,
});

function surroundings() {
  const bundle = process.env.NODE_EXTRA_CA_CERTS;
  return {
    ca: bundle && existsSync(bundle) ? readFileSync(bundle, "utf8") : undefined,
    log: (line: string) => console.log(line),
  };
}

function connect(options: ConnectOptions = {}): Promise<Host> {
  return box.connect({}, options);
}

/** The kernel is this computer's, so only systemd's own start time tells one boot from the next. */
async function bootTime(host: Host): Promise<string> {
  const { stdout } = await host.run({
    title: "ask when it booted",
    script: "systemctl show --property=UserspaceTimestampMonotonic",
  });
  return stdout.trim();
}

async function untilRebooted(before: string): Promise<Host> {
  for (let attempt = 0; attempt < 60; attempt++) {
    await sleep(500);
    await closeAll();
    const host = await connect().catch(() => undefined);
    const now = host && (await bootTime(host).catch(() => undefined));
    if (host && now && now !== before) return host;
  }
  throw new Error("the machine did not reboot within its deadline");
}

async function answer(url: string): Promise<string> {
  let last: unknown;
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      return await (await fetch(url, { signal: AbortSignal.timeout(2000) })).text();
    } catch (error) {
      last = error;
      await sleep(200);
    }
  }
  throw last;
}
