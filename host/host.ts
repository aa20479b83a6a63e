import type { Command } from "./command.ts";
import type { Machine } from "./machine.ts";
import type { Answer, Questions } from "./question.ts";

/** A machine that can be looked at and changed; everything goes over one SSH connection. */
export interface Host {
  readonly machine: Machine;

  /**
   * Answers questions. Those asked at about the same time share one round trip, and answers are kept until something is
   * applied.
   */
  look<F>(questions: Questions<F>): Promise<F>;

  /**
   * Runs commands in order in one round trip, under the machine's operator lock and under systemd-run, so that a lost
   * connection does not leave half a command behind. The first failure stops the rest.
   *
   * @throws HostError of kind `command`, `timeout`, `locked` or `cancelled`
   */
  apply(what: string, commands: readonly Command[]): Promise<void>;

  /** Runs one command that changes nothing we manage (a probe, a turn of the agent) and gives its output. */
  run(command: Command): Promise<Answer & { readonly stderr: string }>;
}
