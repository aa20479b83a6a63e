import type { ClientChannel } from "ssh2";
import { quote } from "./command.ts";
import type { Connection, ExecResult } from "./connection.ts";
import { HostError } from "./errors.ts";
import { rootShell } from "./root.ts";

type OnOutput = (chunk: string, stream: "stdout") => void;

/**
 * A root shell that stays open for looking: a new session costs two more round trips, and sudo on top, for each look. It
 * takes one script at a time; whoever finds it busy opens a session of their own.
 */
export class LookShell {
  readonly connection: Connection;
  readonly #user: string;
  #opening: Promise<Channel> | undefined;
  #busy = false;

  constructor(connection: Connection, user: string) {
    this.connection = connection;
    this.#user = user;
  }

  get busy(): boolean {
    return this.#busy;
  }

  /**
   * Runs a script and gives what it said, as a session of its own would. `mark` must be new each time.
   *
   * @throws HostError of kind `unreachable` or `timeout`
   */
  async run(mark: string, script: string, timeoutSeconds: number, onOutput: OnOutput): Promise<ExecResult> {
    this.#busy = true;
    try {
      this.#opening ??= this.connection.hold(rootShell(this.#user), (channel) => new Channel(channel));
      const channel = await this.#opening;
      return await channel.run(mark, script, timeoutSeconds, this.connection, onOutput);
    } catch (error) {
      this.#opening = undefined;
      throw error;
    } finally {
      this.#busy = false;
      if ((await this.#opening?.catch(() => undefined))?.ended) this.#opening = undefined;
    }
  }
}

class Channel {
  ended = false;
  readonly #channel: ClientChannel;
  #stdout = "";
  #stderr = "";
  #exitCode: number | undefined;
  #heard = (_chunk: string) => {};

  constructor(channel: ClientChannel) {
    this.#channel = channel;
    channel.setEncoding("utf8").on("data", (chunk: string) => {
      this.#stdout += chunk;
      this.#heard(chunk);
    });
    channel.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      this.#stderr += chunk;
    });
    channel.on("exit", (code: number | null) => {
      this.#exitCode = code ?? 255;
    });
    channel.on("error", () => {});
    channel.once("close", () => {
      this.ended = true;
      this.#heard("");
    });
  }

  async run(
    mark: string,
    script: string,
    timeoutSeconds: number,
    connection: Connection,
    onOutput: OnOutput,
  ): Promise<ExecResult> {
    const end = `${mark} end`;
    const { promise, resolve, reject } = Promise.withResolvers<ExecResult>();
    const timer = setTimeout(() => {
      this.#channel.close();
      reject(new HostError("timeout", { summary: `${connection.where} did not answer within ${timeoutSeconds} s` }));
    }, timeoutSeconds * 1000);
    this.#heard = (chunk) => {
      onOutput(chunk, "stdout");
      const at = this.#stdout.indexOf(end);
      if (at >= 0) resolve({ stdout: this.#stdout.slice(0, at), stderr: this.#stderr, exitCode: 0 });
      else if (!this.ended) return;
      else if (this.#exitCode !== undefined) {
        resolve({ stdout: this.#stdout, stderr: this.#stderr, exitCode: this.#exitCode });
      } else reject(new HostError("unreachable", { summary: `the connection to ${connection.where} was lost` }));
    };
    // One quoted word: a script that was cut short by a lost connection is not run.
    this.#channel.write(`printf %s ${quote(script)} | timeout -k 5 ${timeoutSeconds + 5} sh -s; echo ${end}\n`);
    this.#heard("");
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#heard = () => {};
      this.#stdout = "";
      this.#stderr = "";
    }
  }
}
