import type { z } from "zod";
import type { CheckFailure } from "./check.ts";
import type { Path } from "./wire.ts";

/** Where a handler says what it is doing while it works; shown beside the resource. */
export interface Progress {
  readonly log: (message: string) => void;
  readonly signal: AbortSignal;
}

/**
 * One resource type, as the dispatcher drives it. Inputs and state use the same property names: state holds what was
 * observed, so a difference between the two is a change to make.
 */
export interface Handler<Inputs extends object = object, State extends Inputs = Inputs> {
  /** Type token: `nemoclaw:host:DockerEngine`. */
  readonly type: string;
  readonly inputs: z.ZodType;
  /** Adds what the plugin itself knows: pinned versions, digests of the programs it carries. Pure. */
  fill?(inputs: Inputs): Promise<Inputs> | Inputs;
  /**
   * What is to be said about inputs of the right form, filled, before anything is done with them. Pure.
   *
   * @param recorded the inputs of the last run, if there was one
   */
  judge?(
    inputs: Inputs,
    recorded: Partial<Inputs> | undefined,
  ): { readonly failures: readonly CheckFailure[]; readonly warnings: readonly string[] };
  /** Properties whose change cannot be made in place. */
  readonly replaceOn: readonly Path[];
  /** Inputs that only tell where others come from, or how a change is made: another one alone is no change. */
  readonly unnoticed?: readonly string[];
  /** Output properties that are secret, beyond those that come in as secrets. */
  readonly secretOutputs?: readonly Path[];
  /** The id, where it follows from the inputs; lets a half-made resource be recorded under the id it will have. */
  idOf?(inputs: Inputs): string;
  create(inputs: Inputs, progress: Progress): Promise<{ id: string; state: State }>;
  /** What is there now, or `gone`. */
  read(id: string, state: State, progress: Progress): Promise<State | "gone">;
  update(id: string, inputs: Inputs, state: State, progress: Progress): Promise<State>;
  /** Succeeds when there is nothing left to delete. */
  delete(id: string, state: State, progress: Progress): Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: the dispatcher holds handlers of different inputs side by side
export type AnyHandler = Handler<any, any>;
