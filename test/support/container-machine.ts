import type { Host } from "../../host/host.ts";
import { docker } from "../../host/local/docker.ts";
import { createLocalMachine, type LocalMachine, type LocalMachineArgs } from "../../host/local/machine.ts";
import { sweepLocal } from "../../host/local/sweep.ts";
import type { Machine, Owner } from "../../host/machine.ts";
import { newKeyPair } from "../../host/openssh-key.ts";
import { type ConnectOptions, closeAll, connectTo } from "../../host/pool.ts";
import { Sensitive } from "../../host/sensitive.ts";
import { testStackPrefix } from "../../scripts/test-things.ts";

export const arch = process.arch === "arm64" ? ("arm64" as const) : ("amd64" as const);

/** A container of a test's own with systemd and sshd, which stands for a machine; nothing of ours is on it. */
export class ContainerMachine {
  readonly name: string;
  readonly owner: Owner;
  /** What it shows who connects, as long as a test does not change it. */
  readonly hostKey = newKeyPair();
  readonly userKey = newKeyPair();
  #made: LocalMachine | undefined;

  /** @param part the last part of its stack's name, of each test file its own */
  constructor(part: string) {
    const installation = Math.random().toString(36).slice(2, 8);
    this.name = `nemoclaw-${part}-${installation}`;
    this.owner = { project: "nemoclaw-test", stack: `${testStackPrefix}-${part}`, installation };
  }

  async make(more: Partial<LocalMachineArgs> = {}): Promise<void> {
    this.#made = await createLocalMachine({ ...this.args, ...more });
  }

  /** What it is made of. */
  get args(): LocalMachineArgs {
    return {
      ...{ name: this.name, owner: this.owner, network: this.name },
      hostKey: { publicKey: this.hostKey.public, privateKey: new Sensitive(this.hostKey.private) },
      authorizedKey: this.userKey.public,
    };
  }

  /** As it was observed when it was made. */
  get made(): LocalMachine {
    if (!this.#made) throw new Error(`the machine ${this.name} was not made`);
    return this.#made;
  }

  /** As a resource's inputs have it. */
  machine(change: Partial<Machine> = {}): Machine {
    const { address, port, user } = this.made;
    return {
      ...{ id: this.name, address, port, user, arch, gpu: "none", owner: this.owner },
      ...{ hostKeys: [this.hostKey.public], privateKey: this.userKey.private, ...change },
    };
  }

  connect(change: Partial<Machine> = {}, options: ConnectOptions = {}): Promise<Host> {
    return connectTo(this.machine(change), { connectSeconds: 60, ...options });
  }

  /** Runs shell on it past SSH. */
  shell(script: string): Promise<string> {
    return docker(["exec", this.made.containerId, "sh", "-ec", script], { what: `run on the machine: ${script}` });
  }

  /** Restarts it, as a computer is switched off and on. */
  async restart(): Promise<void> {
    await closeAll();
    await docker(["restart", this.made.containerId], { what: "restart the machine" });
  }

  /** Takes it away, with all else that has its owner's labels. */
  async remove(): Promise<void> {
    await closeAll();
    await sweepLocal(this.owner);
  }
}
