import { randomUUID } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClientChannel } from "ssh2";
import { quote } from "./command.ts";
import type { Connection } from "./connection.ts";
import { HostError } from "./errors.ts";
import type { Owner } from "./machine.ts";
import type { Places } from "./places.ts";
import { checkSudo, rootShell } from "./root.ts";

/** This process: two connections of one operator are no two operators. */
const operator = randomUUID();
const aliveMs = 30_000;

export interface LockOptions {
  readonly owner: Owner;
  readonly user: string;
  readonly places: Places;
  /** Seconds to wait for another operator. @default 15 */
  readonly waitSeconds?: number;
  readonly log: (line: string) => void;
}

/**
 * Takes the machine for one operator, for as long as the connection lives: `flock` held by a session of its own. A holder
 * that is not heard of for two minutes loses it, so that a vanished laptop does not lock a machine for hours.
 *
 * Commands that an operator left behind when the connection was lost are waited for.
 *
 * @throws HostError of kind `locked`, naming who holds it
 */
export async function takeLock(connection: Connection, options: LockOptions): Promise<{ readonly held: boolean }> {
  const { owner, user, places, waitSeconds = 15 } = options;
  const mark = `lock-${operator.slice(0, 8)}`;
  const who = `${owner.project}/${owner.stack} by ${whoami()} since ${new Date().toISOString()}`;
  const { channel, lines } = await connection.hold(rootShell(user), (opened) => ({
    channel: opened,
    lines: new Lines(opened),
  }));
  channel.write(script(mark, places, waitSeconds, `${operator} ${who}`));

  const deadline = sleep((waitSeconds + leftoverSeconds + 30) * 1000, "late" as const, { ref: false });
  let holder = "";
  for (;;) {
    const line = await Promise.race([lines.next(), deadline]);
    if (line === "late" || line === undefined) break;
    const [first, word = "", text = ""] = line.split(" ");
    if (first !== mark) continue;
    if (word === "locked") return keep(channel);
    if (word === "held") {
      holder = Buffer.from(text, "base64").toString("utf8").trim().replace(/^\S+ /, "");
      options.log(`waiting for another operator: ${holder}`);
    }
    if (word === "busy") options.log("waiting for commands that an earlier run left behind");
    if (word === "refused" || word === "stuck") {
      channel.close();
      throw locked(connection, word, holder);
    }
  }
  channel.close();
  checkSudo(connection, user, { stdout: "", stderr: lines.stderr, exitCode: 1 });
  throw new HostError("command", {
    summary: `the operator lock ${places.lock} could not be taken on ${connection.where}`,
    ran: `flock ${places.lock}`,
    said: lines.stderr,
  });
}

const leftoverSeconds = 300;

function script(mark: string, { lock, systemd }: Places, waitSeconds: number, content: string): string {
  const file = quote(lock);
  return `main() {
umask 022
exec 9>>${file} || exit 1
if ! flock -n 9; then
  if grep -q '^${operator} ' ${file}; then echo ${mark} locked; exec cat >/dev/null; fi
  echo ${mark} held "$(base64 <${file} | tr -d '\\n')"
  flock -w ${waitSeconds} 9 || { echo ${mark} refused; exit 1; }
fi
printf '%s\\n' ${quote(content)} >${file}
if test -d ${quote(systemd)}; then
  n=0
  # One that is being stopped still runs until it has ended.
  while systemctl list-units --plain --no-legend --state=active,activating,deactivating,reloading 'nemoclaw-apply-*' | grep -q .; do
    test $((n % 10)) -ne 0 || echo ${mark} busy
    n=$((n + 1))
    test $n -lt ${leftoverSeconds} || { echo ${mark} stuck; exit 1; }
    sleep 1
  done
fi
echo ${mark} locked
while test -n "$(timeout 120 head -c 1)"; do :; done
: >${file}
exit 0
}
main
`;
}

function keep(channel: ClientChannel): { readonly held: boolean } {
  const alive = setInterval(() => channel.write("."), aliveMs);
  alive.unref();
  const lock = { held: true };
  channel.on("error", () => {});
  channel.once("close", () => {
    clearInterval(alive);
    lock.held = false;
  });
  return lock;
}

function locked(connection: Connection, word: "refused" | "stuck", holder: string): HostError {
  if (word === "stuck") {
    return new HostError("locked", {
      summary: `commands of an earlier run are still at work on ${connection.where} after ${leftoverSeconds} s`,
      try: "on the machine: systemctl list-units 'nemoclaw-apply-*', and systemctl stop what should not go on",
    });
  }
  return new HostError("locked", {
    summary: `${connection.where} is being changed by another operator${holder ? `: ${holder}` : ""}`,
    try: "wait until that run is over, then run the same again",
  });
}

/** Who runs this, for others to read: `anna@laptop`. */
export function whoami(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // A container's user need not have a name.
    return `${process.getuid?.() ?? "unknown"}@${hostname()}`;
  }
}

/** A channel's output line by line; `undefined` once it has ended. */
class Lines {
  stderr = "";
  readonly #ready: (string | undefined)[] = [];
  readonly #waiting: ((line: string | undefined) => void)[] = [];
  #partial = "";

  constructor(channel: ClientChannel) {
    channel.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      this.stderr += chunk;
    });
    channel.setEncoding("utf8").on("data", (chunk: string) => {
      const lines = (this.#partial + chunk).split("\n");
      this.#partial = lines.pop() ?? "";
      for (const line of lines) this.#push(line);
    });
    channel.once("close", () => this.#push(undefined));
  }

  next(): Promise<string | undefined> {
    if (this.#ready.length > 0) return Promise.resolve(this.#ready.shift());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #push(line: string | undefined): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(line);
    else this.#ready.push(line);
  }
}
