import type { z } from "zod";
import { HostError } from "../host/errors.ts";
import type { Host } from "../host/host.ts";
import type { Machine } from "../host/machine.ts";
import { connectTo } from "../host/pool.ts";
import { ensure, type Step } from "../host/step.ts";
import { describeStopped } from "../host/stopped.ts";
import { cutOffFacts, ensureOrSwitchBack, ensureUntried, type Health } from "../host/upgrade.ts";
import { cutOffUpgradeOutput } from "./cut-off-upgrade.ts";
import { unlessGone } from "./gone-machine.ts";
import type { Handler, Progress } from "./handler.ts";
import { stoppedOn, whileStopped } from "./stopped.ts";
import type { Path } from "./wire.ts";

export interface OnMachine {
  readonly machine: Machine;
}

/**
 * A resource that stands on a machine, described by one step. `hostHandler` makes the whole life cycle of it: create and
 * update make the step true, read looks at its facts, delete makes the removal true.
 *
 * A service of a sandbox whose environment is stopped on purpose is made ready and not started: its step is then made from
 * `running: false` and `inForce: false`, and its state says in `stopped` who stopped it, else `no`. A look also says whether an upgrade
 * was cut off, which is a change to make whatever else was found.
 */
export interface HostResource<Inputs extends OnMachine, State extends Inputs, Facts> {
  readonly type: string;
  readonly inputs: z.ZodType;
  fill?(inputs: Inputs): Promise<Inputs> | Inputs;
  judge?: Handler<Inputs, State>["judge"];
  /** Beyond `machine.id`, which always replaces. */
  readonly replaceOn?: readonly Path[];
  readonly unnoticed?: readonly string[];
  /** What it is called on its machine; the id is `<machine id>/<this>`. */
  nameOn(inputs: Inputs): string;
  step(inputs: Inputs): Step<Facts> | Promise<Step<Facts>>;
  /** What the facts say, under the inputs' own names. `gone` when nothing of it is left. */
  observe(inputs: Inputs, facts: Facts): State | "gone";
  /** How one knows that it works with another version too; what ran before is put back when it does not. */
  health?(inputs: Inputs): readonly Health[] | undefined;
  /** Proves that it works after a change, and adds what only that shows. */
  prove?(host: Host, inputs: Inputs, state: State): Promise<State>;
  removal(state: State): Step<unknown>;
}

export function hostHandler<Inputs extends OnMachine, State extends Inputs, Facts>(
  resource: HostResource<Inputs, State, Facts>,
): Handler<Inputs, State> {
  const make = async (inputs: Inputs, progress: Progress): Promise<State> => {
    const host = await connectTo(inputs.machine, progress);
    const started = await resource.step(inputs);
    // Asked together, so that the mark costs no round trip of its own.
    const [stopped] = await Promise.all([stoppedOn(host, inputs), host.look(started.facts)]);
    const isStopped = typeof stopped === "object";
    const wanted = isStopped ? whileStopped(inputs) : inputs;
    const step = isStopped ? await resource.step(wanted) : started;
    const health = resource.health?.(wanted);
    const facts = await (health === undefined
      ? ensure(host, step)
      : isStopped
        ? ensureUntried(host, step)
        : ensureOrSwitchBack(host, step, health));
    const state = resource.observe(wanted, facts);
    if (state === "gone") throw notThere(resource.nameOn(inputs), inputs.machine);
    if (isStopped) progress.log(`made ready and not started: ${describeStopped(stopped)}`);
    return { ...(resource.prove ? await resource.prove(host, wanted, state) : state), stopped };
  };
  const idOf = (inputs: Inputs) => `${inputs.machine.id}/${resource.nameOn(inputs)}`;

  return {
    type: resource.type,
    inputs: resource.inputs,
    fill: resource.fill?.bind(resource),
    judge: resource.judge?.bind(resource),
    replaceOn: [["machine", "id"], ...(resource.replaceOn ?? [])],
    unnoticed: resource.unnoticed,
    idOf,
    async create(inputs, progress) {
      return { id: idOf(inputs), state: await make(inputs, progress) };
    },
    read: (_id, state, progress) =>
      unlessGone(state.machine, progress, async (host) => {
        const step = await resource.step(state);
        const cutOff = resource.health?.(state) && cutOffFacts(step);
        const [stopped, found, isCutOff] = await Promise.all([
          stoppedOn(host, state),
          host.look(step.facts),
          cutOff && host.look(cutOff),
        ]);
        const observed = resource.observe(state, found);
        if (observed === "gone") return "gone";
        if (typeof stopped === "object") progress.log(describeStopped(stopped));
        return { ...state, ...observed, stopped, [cutOffUpgradeOutput]: isCutOff || undefined };
      }),
    update: (_id, inputs, _state, progress) => make(inputs, progress),
    async delete(_id, state, progress) {
      await unlessGone(state.machine, progress, (host) => ensure(host, resource.removal(state), progress.log));
    },
  };
}

function notThere(name: string, machine: Machine): HostError {
  return new HostError("not-converged", {
    summary: `${name} is not there on ${machine.address} although it was just made`,
    try: "see whether something else on the machine removes it, then run `up` again",
  });
}
