import type { provider } from "@pulumi/pulumi";
import { failuresOf } from "./check.ts";
import { toSettle } from "./cut-off-upgrade.ts";
import { type Diff, diff } from "./diff.ts";
import { driftedSecrets, driftedSecretsOutput } from "./drifted-secrets.ts";
import type { LogProgress } from "./engine-log.ts";
import { halfMade } from "./half-made.ts";
import type { AnyHandler, Progress } from "./handler.ts";
import { inputNames } from "./input-names.ts";
import { changedSinceUpdate, leftByUpdate, leftByUpdateOutput } from "./left-by-update.ts";
import { asIfStarted } from "./stopped.ts";
import { holdsUnknown, type Path, rewrap, unwrap } from "./wire.ts";

/** Seconds that a cancelled piece of work gets to stop on its machine. */
const STOP_SECONDS = 15;

type Properties = Record<string, unknown>;

/**
 * The provider Pulumi talks to: finds the handler by type, and does once for all of them what the wire asks for: secrets
 * off and on again, unknown values, check failures by property path, half-made resources.
 */
export class Dispatcher implements provider.Provider {
  readonly version = "0.1.0";
  readonly #handlers: ReadonlyMap<string, AnyHandler>;
  readonly #log: LogProgress;
  readonly #cancelled = new AbortController();
  readonly #working = new Set<Promise<unknown>>();
  readonly #warned = new Set<string>();

  constructor(handlers: readonly AnyHandler[], log: LogProgress) {
    this.#handlers = new Map(handlers.map((handler) => [handler.type, handler]));
    this.#log = log;
  }

  async check(urn: string, olds: Properties, news: Properties): Promise<provider.CheckResult> {
    const handler = this.#handlerOf(urn);
    const { plain, secrets } = unwrap(news);
    const failures = failuresOf(handler.inputs, plain);
    if (failures.length > 0) return { inputs: news, failures };
    const filled = handler.fill ? await handler.fill(plain) : plain;
    const recorded = Object.keys(olds).length > 0 ? unwrap(olds).plain : undefined;
    const judged = handler.judge?.(filled, recorded);
    for (const warning of judged?.warnings ?? []) this.#warn(urn, warning);
    if (judged && judged.failures.length > 0) return { inputs: news, failures: [...judged.failures] };
    return { inputs: rewrap(filled as Properties, secrets) };
  }

  async diff(_id: string, urn: string, olds: Properties, news: Properties): Promise<provider.DiffResult> {
    return this.compare(urn, olds, olds, news);
  }

  /** The same with every changed property by name, which takes the inputs as they were recorded, too. */
  async compare(urn: string, oldInputs: Properties, olds: Properties, news: Properties): Promise<Diff> {
    const handler = this.#handlerOf(urn);
    const [recorded, observed, wanted] = [unwrap(oldInputs), unwrap(olds), unwrap(news)];
    return diff(observed.plain, wanted.plain, handler.replaceOn, {
      inputNames: inputNames(handler),
      unnoticed: handler.unnoticed,
      secrets: [...observed.secrets, ...wanted.secrets],
      recorded: recorded.plain,
      unconfirmed: [...changedSinceUpdate(observed.plain), ...toSettle(observed.plain)],
    });
  }

  async create(urn: string, properties: Properties): Promise<provider.CreateResult> {
    const handler = this.#handlerOf(urn);
    const { plain, secrets } = unwrap(properties);
    try {
      const { id, state } = await this.#while(handler.create(plain, this.#progress(urn)));
      return { id, outs: wrapOutputs(handler, state as Properties, secrets) };
    } catch (error) {
      throw handler.idOf ? halfMade(error, handler.idOf(plain), wrapOutputs(handler, plain, secrets)) : error;
    }
  }

  async read(id: string, urn: string, properties: Properties): Promise<provider.ReadResult> {
    const handler = this.#handlerOf(urn);
    const { plain, secrets: all } = unwrap(properties);
    const secrets = all.filter(([output]) => output !== leftByUpdateOutput);
    const state = await handler.read(id, withoutLeft(plain), this.#progress(urn));
    if (state === "gone") return { id: "", props: {}, inputs: {} };
    const names = inputNames(handler);
    const inputs = Object.fromEntries(Object.entries(state as Properties).filter(([key]) => names.has(key)));
    const wanted = asIfStarted(inputs, state);
    const others = driftedSecrets(plain, state as Properties, secrets);
    const outputs = {
      ...(state as Properties),
      [driftedSecretsOutput]: others.length > 0 ? others : undefined,
      [leftByUpdateOutput]: leftByUpdate(plain, state as Properties, { names, secrets }),
    };
    const kept = secrets.map((path) => [leftByUpdateOutput, "values", ...path]);
    return { id, props: wrapOutputs(handler, outputs, [...secrets, ...kept]), inputs: rewrap(wanted, secrets) };
  }

  async update(id: string, urn: string, olds: Properties, news: Properties): Promise<provider.UpdateResult> {
    const handler = this.#handlerOf(urn);
    const { plain, secrets } = unwrap(news);
    const before = withoutLeft(unwrap(olds).plain);
    try {
      const state = await this.#while(handler.update(id, plain, before, this.#progress(urn)));
      return { outs: wrapOutputs(handler, state as Properties, secrets) };
    } catch (error) {
      throw halfMade(error, id, wrapOutputs(handler, { ...before, ...plain }, secrets));
    }
  }

  async delete(id: string, urn: string, properties: Properties): Promise<void> {
    await this.#while(this.#handlerOf(urn).delete(id, unwrap(properties).plain, this.#progress(urn)));
  }

  /** Cancels what is under way and waits, within reason, until it has stopped on the machines too. */
  async cancel(): Promise<void> {
    this.#cancelled.abort(new Error("cancelled"));
    const patience = AbortSignal.timeout(STOP_SECONDS * 1000);
    const impatient = new Promise((done) => patience.addEventListener("abort", done));
    await Promise.race([Promise.allSettled(this.#working), impatient]);
  }

  /** Once: what is replaced is checked twice. */
  #warn(urn: string, warning: string): void {
    const line = `${urn} ${warning}`;
    if (!this.#warned.has(line)) this.#log(urn, warning, "warning");
    this.#warned.add(line);
  }

  /** What can be cancelled while it runs. */
  async #while<T>(work: Promise<T>): Promise<T> {
    this.#working.add(work);
    try {
      return await work;
    } finally {
      this.#working.delete(work);
    }
  }

  #progress(urn: string): Progress {
    return { log: (message) => this.#log(urn, message), signal: this.#cancelled.signal };
  }

  #handlerOf(urn: string): AnyHandler {
    const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
    const handler = this.#handlers.get(type);
    if (handler) return handler;
    throw new Error(`this plugin has no resource type ${type}; it has ${[...this.#handlers.keys()].join(", ")}`);
  }
}

function withoutLeft({ [leftByUpdateOutput]: _, ...state }: Properties): Properties {
  return state;
}

/** What comes back is as secret as what went in, wherever the same value stands. */
function wrapOutputs(handler: AnyHandler, state: Properties, secrets: readonly Path[]): Properties {
  const known = Object.fromEntries(
    Object.entries(state).filter(([, value]) => value !== undefined && !holdsUnknown(value)),
  );
  return rewrap(known, [...secrets, ...(handler.secretOutputs ?? [])]);
}
