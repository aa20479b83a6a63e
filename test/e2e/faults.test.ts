import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newKeyPair } from "../../host/openssh-key.ts";
import { stackFile } from "../../scripts/clone-paths.ts";
import { findEngine } from "../../scripts/engine-choice.ts";
import { findOperatorMirrors } from "../../scripts/first-run/operator-mirrors.ts";
import { testStackPrefix } from "../../scripts/test-things.ts";
import { arch, ContainerMachine } from "../support/container-machine.ts";
import { failureMessages } from "../support/failure-messages.ts";
import { LocalStack, resourcesThat } from "../support/local-stack.ts";
import { pinFromCommitted } from "../support/own-lock.ts";
import { writeStackFile } from "../support/stack-file.ts";

/**
 * What goes wrong on the way to an environment, one thing after another on one real machine: each `up` ends in one message for
 * each resource that was at it, which says what failed, where, what was run, what it said and what to try; once that is mended,
 * the next one goes on from there.
 */

const box = new ContainerMachine("faults");
const { userKey } = box;
const another = newKeyPair();
const shell = (script: string) => box.shell(script);
/** Nothing listens there, neither here nor on the machine. */
const dead = "http://127.0.0.1:9";

let stack: LocalStack;
let folder: string;

interface Fault {
  readonly what: string;
  readonly break: () => Promise<unknown>;
  readonly mend: () => Promise<unknown>;
  /** What the message says, besides where. */
  readonly says: readonly RegExp[];
  /** How many resources are at it at the same time, each of which may fail. @default 1 */
  readonly messages?: number;
  /** Where, when it is not the machine's own address and port. */
  readonly where?: RegExp;
}

const faults: Fault[] = [
  {
    what: "a machine that cannot be reached",
    break: () => onTheWay({ port: 9 }),
    mend: () => onTheWay({}),
    where: /admin@127\.0\.0\.1:9 cannot be reached/,
    says: [/tried for \d+ s/, /said +.*ECONNREFUSED/, /try +check that the machine runs/],
  },
  {
    what: "a machine that shows another host key than the pinned one",
    break: () => onTheWay({ hostKeys: [another.public] }),
    mend: () => onTheWay({}),
    says: [
      /did not prove to be the pinned machine; nothing was sent to it/,
      /said +pinned +\S+ SHA256:/,
      /presented \S+ SHA256:/,
      /try +compare/,
    ],
  },
  {
    what: "a machine that refuses the key",
    break: () => stack.setSecret("nemoclaw:sshPrivateKey", another.private),
    mend: () => stack.setSecret("nemoclaw:sshPrivateKey", userKey.private),
    says: [/refused the key/, /said +/, /try +.*authorized_keys/],
  },
  {
    what: "a user whom sudo asks for a password",
    break: () => shell("sed -i 's/NOPASSWD://' /etc/sudoers.d/10-admin"),
    mend: () => shell("sed -i 's/(ALL:ALL) ALL/(ALL:ALL) NOPASSWD:ALL/' /etc/sudoers.d/10-admin"),
    says: [
      /does not let admin run commands as root without a password/,
      /ran +sudo -n/,
      /said +sudo: /,
      /try +.*NOPASSWD/,
    ],
  },
  {
    what: "a package mirror that does not answer",
    break: () => mirrors({ apt: dead }),
    mend: () => mirrors({}),
    says: [/fetch the package lists/, /ran +apt-get update/, /said +[\s\S]*127\.0\.0\.1/, /try +.*nemoclaw:mirrors/],
    messages: 2,
  },
  {
    what: "an npm registry that does not answer",
    break: () => mirrors({ npm: dead }),
    mend: () => mirrors({}),
    says: [/download node/, /ran +curl .*127\.0\.0\.1:9\//, /said +curl: /, /try +.*nemoclaw:mirrors/],
  },
  {
    what: "a download that is not what the lock file pins",
    break: () => pinOther("node"),
    mend: () => pinAsIs(),
    says: [/not what is pinned; nothing was installed/, /ran +curl/, /pinned 0{64}/, /found +[0-9a-f]{64}/, /try +/],
  },
  {
    what: "a disk with too little room for a download",
    break: () => smallDisk("4M"),
    mend: () => noSmallDisk(),
    says: [/the disk is full/, /ran +curl/, /said +/, /try +.*df -h/],
  },
  {
    what: "a disk with too little room for what was downloaded",
    break: () => smallDisk("90M"),
    mend: () => noSmallDisk(),
    says: [/the disk is full/, /said +[\s\S]*No space left on device/, /try +.*df -h/],
  },
  {
    what: "a disk with too little room for the agent",
    break: () => smallDisk("40M", "/opt/nemoclaw/agent"),
    mend: () => noSmallDisk("/opt/nemoclaw/agent"),
    says: [/the disk is full/, /ran +npm ci/, /said +/, /try +.*df -h/],
  },
  {
    what: "an agent that does not come up (a stand-in for a bubblewrap that may make no namespace)",
    break: () =>
      shell(`printf '#!/bin/sh\\necho "bwrap: No permissions to create new namespace" >&2\\nexit 1\\n' >/run/no-bwrap
chmod 755 /run/no-bwrap
mount --bind /run/no-bwrap /usr/bin/bwrap`),
    mend: () => shell("umount /usr/bin/bwrap"),
    says: [
      /start nemoclaw-sandbox@main\.service/,
      /ran +systemctl/,
      /said +[\s\S]*No permissions to create new namespace/,
      /try +/,
    ],
  },
];

describe("a fault ends in one message for each resource that was at it, and the next run goes on from there", {
  timeout: 600_000,
}, () => {
  beforeAll(async () => {
    process.env.NEMOCLAW_ENGINE = "embedded";
    process.env.NEMOCLAW_CONNECT_SECONDS = "4";
    folder = await mkdtemp(join(tmpdir(), "nemoclaw-faults-"));
    await box.make();
    stack = await LocalStack.open(`${testStackPrefix}-faults`, await findEngine());
    await stack.forget();
    const config = {
      "nemoclaw:machine": pinned({}),
      "nemoclaw:runtime": { kind: "embedded", accept: ["binaries"] },
      "nemoclaw:inference": { kind: "machine", baseUrl: "http://127.0.0.1:8000/v1", model: "none-runs" },
      "nemoclaw:mirrors": await findOperatorMirrors(),
    };
    await writeStackFile(stackFile(stack.name), config);
    await stack.pulumi("stack", "init", stack.name);
    await stack.setSecret("nemoclaw:sshPrivateKey", userKey.private);
  });

  afterAll(async () => {
    delete process.env.NEMOCLAW_ENGINE;
    delete process.env.NEMOCLAW_CONNECT_SECONDS;
    delete process.env.NEMOCLAW_LOCK_FILE;
    await stack.forget();
    await box.remove();
    await rm(folder, { recursive: true, force: true });
  });

  test.each(faults)("$what", async (fault) => {
    await fault.break();
    const { exitCode, stdout, stderr } = await stack.pulumi("up", "--yes", "--skip-preview", "--color", "never");
    await fault.mend();
    const output = stdout + stderr;
    expect(exitCode, output).toBe(1);
    const messages = failureMessages(output);
    expect(messages.length, output).toBeGreaterThan(0);
    expect(messages.length, output).toBeLessThanOrEqual(fault.messages ?? 1);
    for (const message of messages) {
      expect(message).toMatch(fault.where ?? /127\.0\.0\.1/);
      for (const part of fault.says) expect(message).toMatch(part);
    }
    expect(output).not.toMatch(/^\s+at .*\.ts:\d+/m);
  });

  test("once all is mended, the same command brings everything up, and then there is nothing to do", async () => {
    const made = await stack.up();
    expect(resourcesThat(/created \(/, made)).toEqual(expect.arrayContaining(["main-inference", "main-network"]));
    expect(resourcesThat(/(created|updated|replaced|deleted) \(/, await stack.up("--refresh"))).toEqual([]);
  });

  test("no fault has left a half-made thing behind", async () => {
    expect(await shell("ls -A /opt/nemoclaw/*/ | grep '^[.]new' || echo none")).toBe("none\n");
    expect(stack.printed).not.toContain(userKey.private.split("\n")[3]);
  });
});

function pinned(change: object): object {
  const { address, port } = box.made;
  return { kind: "existing", address, port, user: "admin", hostKeys: [box.hostKey.public.trim()], arch, ...change };
}

function onTheWay(change: object): Promise<void> {
  return stack.configure((config) => {
    config["nemoclaw:machine"] = pinned(change);
  });
}

async function mirrors(change: object): Promise<void> {
  const usual = await findOperatorMirrors();
  await stack.configure((config) => {
    config["nemoclaw:mirrors"] = { ...usual, ...change };
  });
}

async function pinOther(artifact: string): Promise<void> {
  await pinFromCommitted(folder, ({ artifacts }) => {
    for (const file of Object.values(artifacts[artifact]?.files ?? {})) file.sha256 = "0".repeat(64);
  });
}

async function pinAsIs(): Promise<void> {
  delete process.env.NEMOCLAW_LOCK_FILE;
}

function smallDisk(size: string, at = "/opt/nemoclaw"): Promise<string> {
  return shell(`mkdir -p ${at}; mount -t tmpfs -o size=${size} small ${at}`);
}

function noSmallDisk(at = "/opt/nemoclaw"): Promise<string> {
  return shell(`umount ${at}`);
}
