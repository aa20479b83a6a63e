import type { Command } from "./command.ts";
import { HostError } from "./errors.ts";
import type { Host } from "./host.ts";
import type { Questions } from "./question.ts";

/** One thing that must be true of a machine. Looking and deciding are apart, so a plan can be tested without a machine. */
export interface Step<F> {
  /** The thing itself: `unit docker.service`. */
  readonly name: string;
  /** What to look at; never changes anything. */
  readonly facts: Questions<F>;
  /** Decides; pure. An empty plan means the machine is already right. */
  plan(now: F): readonly Command[];
  /** What says which version runs, and is put back where a new one does not work. */
  readonly kept?: Kept;
  /** Whether the plan puts another version in the place of one that is there. */
  replaces?(now: F): boolean;
  /** What a person should know of what was found although it is no error, each a sentence: what is left, or was gone already. */
  remarks?(now: F): readonly string[];
  /** What it may mean that it is still not so after it was applied, and what to do then. */
  readonly unmet?: string;
}

/** What a switch back puts as it was. Versions themselves stand beside each other and need no putting back. */
export interface Kept {
  /** Files and links; one that was not there is removed. */
  readonly paths: readonly string[];
  /**
   * Shell scripts among the paths for what no copy of a file brings back: each makes its thing as its text tells, and nothing
   * where it is so already. They are run before the services are started.
   */
  readonly makers?: readonly string[];
  /** Services, in the order in which they are started. */
  readonly units: readonly string[];
}

/**
 * Makes a step true: looks, plans, applies, looks again. A machine that is already right costs one look; the plan after
 * applying must be empty, so idempotence is checked on every run.
 *
 * @param say takes the step's remarks on what was found, before anything is applied
 * @throws HostError of kind `not-converged` when the second plan still wants something
 */
export async function ensure<F>(host: Host, step: Step<F>, say: (remark: string) => void = () => {}): Promise<F> {
  const before = await host.look(step.facts);
  const commands = step.plan(before);
  for (const remark of step.remarks?.(before) ?? []) say(remark);
  if (commands.length === 0) return before;

  await host.apply(step.name, commands);

  const after = await host.look(step.facts);
  const remaining = step.plan(after);
  if (remaining.length === 0) return after;
  throw new HostError("not-converged", {
    summary: `${step.name} is still not as wanted on ${host.machine.address} after it was applied`,
    ran: commands.map((c) => c.title).join("; "),
    said: `still to do: ${remaining.map((c) => c.title).join("; ")}`,
    try: step.unmet ?? "look at the unit's journal on the machine, then run `up` again; it goes on from here",
  });
}

/** What is to be done by what is found; unlike a step's, its plan may have something to do each time. */
export type Move<F> = Pick<Step<F>, "facts" | "plan" | "remarks">;

/** Looks, says its remarks and gives what is to be done, for who applies it together with something else. */
export async function planned<F>(
  host: Host,
  move: Move<F>,
  say: (remark: string) => void,
): Promise<readonly Command[]> {
  const now = await host.look(move.facts);
  const commands = move.plan(now);
  for (const remark of move.remarks?.(now) ?? []) say(remark);
  return commands;
}

/** The facts of each of several steps, under the steps' names. */
export type FactsOf<S> = { readonly [K in keyof S]: S[K] extends Step<infer F> ? F : never };

/**
 * Several steps as one: their facts are gathered in one round trip and their plans applied in one, in this order.
 *
 * @example
 * ensure(host, all("the bridge", { files: ensureFile(config), unit: ensureUnit(unit) }));
 */
// biome-ignore lint/suspicious/noExplicitAny: a record of steps with different facts has no narrower type
export function all<S extends Record<string, Step<any>>>(name: string, steps: S): Step<FactsOf<S>> {
  const entries = Object.entries(steps) as [keyof S, S[keyof S]][];
  return {
    name,
    facts: Object.fromEntries(entries.map(([key, step]) => [key, step.facts])) as Questions<FactsOf<S>>,
    plan: (now) => entries.flatMap(([key, step]) => step.plan(now[key])),
    kept: {
      paths: entries.flatMap(([, { kept }]) => kept?.paths ?? []),
      makers: entries.flatMap(([, { kept }]) => kept?.makers ?? []),
      units: entries.flatMap(([, { kept }]) => kept?.units ?? []),
    },
    replaces: (now) => entries.some(([key, step]) => step.replaces?.(now[key]) === true),
    unmet: entries.map(([, { unmet }]) => unmet).find((one) => one !== undefined),
    remarks: (now) => entries.flatMap(([key, step]) => step.remarks?.(now[key]) ?? []),
  };
}
