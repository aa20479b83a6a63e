import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2, { type Connection, type PublicKeyAuthContext, type ServerChannel } from "ssh2";
import type { Machine } from "../../host/machine.ts";
import { newKeyPair } from "../../host/openssh-key.ts";
import { type ConnectOptions, closeAll, connectTo } from "../../host/pool.ts";
import { putProgram } from "./stand-ins.ts";

export interface FakeHostOptions {
  /** The key the server proves itself with. @default a fresh one */
  readonly hostKey?: KeyPair;
  /** Keys it also has, of other types. */
  readonly moreHostKeys?: readonly KeyPair[];
  /** Cut this many connections before the server says anything. */
  readonly resets?: number;
  /** Sessions at one time on a connection, as sshd's MaxSessions. @default 10 */
  readonly maxSessions?: number;
  /** Let nobody in. */
  readonly refuseKeys?: boolean;
  /** Let only this public key in, with a signature that it verifies. @default any key */
  readonly authorizedKey?: string;
  /** Where it listens on 127.0.0.1. @default a free port */
  readonly port?: number;
  /** What its sudo does. @default "works" */
  readonly sudo?: "works" | "asks";
}

export type KeyPair = { readonly private: string; readonly public: string };

export function newKey(type: "ed25519" | "ecdsa" | "rsa" = "ed25519"): KeyPair {
  if (type === "ecdsa") return ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 });
  if (type === "rsa") return ssh2.utils.generateKeyPairSync("rsa", { bits: 2048 });
  return newKeyPair();
}

/**
 * A stand-in for a machine: a real SSH server in this process, whose commands run with the local `sh` in a folder of their
 * own, as the local user. Its `sudo` only runs what it is given.
 */
export async function startFakeHost(options: FakeHostOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), "nemoclaw-fake-host-"));
  putSudo(folder, options.sudo ?? "works");
  const hostKey = options.hostKey ?? newKey();
  const userKey = newKey();
  const seen = { connections: 0, handshakes: 0, lines: [] as string[], open: 0, mostOpen: 0 };
  const sockets = new Set<Socket>();
  const groups = new Set<number>();
  let resets = options.resets ?? 0;

  const server = new ssh2.Server(
    { hostKeys: [hostKey.private, ...(options.moreHostKeys ?? []).map((key) => key.private)] },
    (client) => serve(client),
  );

  function serve(client: Connection): void {
    client.on("authentication", (context) => {
      if (context.method === "publickey" && !options.refuseKeys && mayEnter(context, options.authorizedKey)) {
        context.accept();
      } else context.reject(["publickey"]);
    });
    client.on("ready", () => {
      seen.handshakes += 1;
    });
    client.on("error", () => {});
    // What makes it a jump host.
    client.on("tcpip", (accept, _reject, { destIP, destPort }) => {
      const onward = connectTcp(destPort, destIP);
      onward.once("connect", () => {
        const channel = accept();
        channel.on("error", () => {});
        onward.pipe(channel).pipe(onward);
      });
      onward.once("error", () => client.end());
    });
    let open = 0;
    client.on("session", (accept, reject) => {
      if (open >= (options.maxSessions ?? 10)) return reject();
      open += 1;
      const session = accept();
      let run: ReturnType<typeof start> | undefined;
      session.on("exec", (acceptExec, _reject, { command }) => {
        seen.lines.push(command);
        run = start(command, acceptExec());
        run.child.once("close", () => {
          open -= 1;
        });
      });
      session.on("signal", (_accept, _reject, { name }) => {
        if (run?.child.pid) kill(run.child.pid, `SIG${name}`);
      });
    });
  }

  function start(command: string, channel: ServerChannel) {
    const PATH = `${join(folder, "bin")}:${process.env.PATH}`;
    const child = spawn("sh", ["-c", command], { cwd: folder, env: { PATH, HOME: folder }, detached: true });
    seen.open += 1;
    seen.mostOpen = Math.max(seen.mostOpen, seen.open);
    if (child.pid) groups.add(child.pid);
    child.stdin.on("error", () => {});
    channel.on("error", () => {});
    channel.pipe(child.stdin);
    child.stdout.pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr, { end: false });
    child.once("close", (code, signal) => {
      seen.open -= 1;
      if (child.pid) groups.delete(child.pid);
      if (signal) channel.exit(signal.replace("SIG", ""));
      else channel.exit(code ?? 255);
      channel.end();
    });
    return { child };
  }

  const listener = createServer((socket) => {
    seen.connections += 1;
    if (resets-- > 0) return socket.resetAndDestroy();
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    server.injectSocket(socket);
  });
  await new Promise<void>((resolve) => listener.listen(options.port ?? 0, "127.0.0.1", resolve));

  const machine: Machine = {
    id: "fake",
    address: "127.0.0.1",
    port: (listener.address() as AddressInfo).port,
    user: "operator",
    hostKeys: [hostKey.public],
    privateKey: userKey.private,
    arch: "amd64",
    gpu: "none",
    owner: { project: "demo", stack: "test", installation: "fake" },
  };
  const places = {
    lock: join(folder, "nemoclaw.lock"),
    systemd: join(folder, "no-systemd"),
    scratch: folder,
  };

  const dispose = async () => {
    await closeAll();
    for (const socket of sockets) socket.destroy();
    for (const pid of groups) kill(pid, "SIGKILL");
    await new Promise<void>((resolve) => listener.close(() => resolve()));
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };

  return {
    folder,
    machine,
    places,
    /** What was counted: TCP connections, logins, command lines, and the most commands that ran at one time. */
    seen,
    connect: (more: ConnectOptions = {}, change: Partial<Machine> = {}) =>
      connectTo({ ...machine, ...change }, { places, connectSeconds: 5, lockSeconds: 1, ...more }),
    /** Cuts every connection, as a pulled cable or a reboot does. */
    cut: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    [Symbol.asyncDispose]: dispose,
  };
}

function mayEnter(
  { key, signature, blob, hashAlgo }: PublicKeyAuthContext,
  authorizedKey: string | undefined,
): boolean {
  if (authorizedKey === undefined) return true;
  const authorized = ssh2.utils.parseKey(authorizedKey);
  if (authorized instanceof Error || !authorized.getPublicSSH().equals(key.data)) return false;
  // First a client asks whether the key would do, and signs only then.
  return signature === undefined || authorized.verify(blob as Buffer, signature, hashAlgo) === true;
}

function kill(pid: number, signal: string): void {
  try {
    process.kill(-pid, signal as NodeJS.Signals);
  } catch {
    // It has ended already.
  }
}

function putSudo(folder: string, how: "works" | "asks"): void {
  const asks = 'echo "sudo: a password is required" >&2; exit 1';
  putProgram(join(folder, "bin"), "sudo", how === "asks" ? asks : 'shift; exec "$@"');
}
