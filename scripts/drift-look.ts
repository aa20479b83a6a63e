import { toSettle } from "../provider/cut-off-upgrade.ts";
import { diff } from "../provider/diff.ts";
import { driftedSecretsOutput } from "../provider/drifted-secrets.ts";
import type { AnyHandler } from "../provider/handler.ts";
import { handlers } from "../provider/handlers/index.ts";
import { inputNames } from "../provider/input-names.ts";
import { asLeft } from "../review/preview/as-left.ts";
import { goneSinceUpdate } from "../review/preview/gone-since-update.ts";
import { nameOf } from "../review/preview/preview-step.ts";
import type { StackState, StateResource } from "./stack-state.ts";

/** A resource that is not as the last update left it. */
export interface Drifted {
  readonly resource: string;
  /** `running: true => false`; a property's name alone where its value is long or secret. */
  readonly changes: readonly string[];
}

/** A resource on the machine, looked at just now. */
export interface Looked {
  readonly resource: StateResource;
  readonly handler: AnyHandler;
  /** What is there; absent when nothing of it is. */
  readonly observed?: Readonly<Record<string, unknown>>;
}

/** What stands on a machine by itself; what made the machine, and what checked it, is looked at by a refresh. */
const lookedAt = (type: string) => /^nemoclaw:host:(?!MachineIdentity$|Preflight$)/.test(type);

/**
 * Looks at what a stack has on its machine as a refresh does, in one round trip and without an engine. Nothing is recorded.
 *
 * @throws HostError when the machine does not answer
 */
export async function lookAt(state: StackState): Promise<Looked[]> {
  const progress = { log: () => {}, signal: new AbortController().signal };
  const known = new Map(handlers.map((handler) => [handler.type, handler]));
  const standing = state.resources.filter(({ type, id }) => lookedAt(type) && id !== undefined);
  return Promise.all(
    standing.flatMap((resource) => {
      const handler = known.get(resource.type);
      if (!handler) return [];
      const look = async (): Promise<Looked> => {
        const observed = await handler.read(resource.id ?? "", resource.outputs, progress);
        return { resource, handler, observed: observed === "gone" ? undefined : observed };
      };
      return [look()];
    }),
  );
}

/** What is not as the last update left it, also where a refresh has taken that into the state since. */
export function driftIn(looked: readonly Looked[]): Drifted[] {
  return looked.flatMap(({ resource, handler, observed }) => {
    const name = nameOf(resource.urn);
    if (!observed) return [gone(name)];
    const left = asLeft(resource);
    const { changed } = diff({ ...observed }, left, [], {
      inputNames: inputNames(handler),
      unnoticed: handler.unnoticed,
    });
    const changes = changed.map((key) => `${key}${values(key, left[key], observed[key])}`);
    const named = [...changes, ...takenIn(resource).filter((secret) => !changes.includes(secret))];
    return named.length > 0 ? [{ resource: name, changes: named }] : [];
  });
}

/** Of which resources an upgrade was cut off, which the next update settles. */
export function cutOffIn(looked: readonly Looked[]): string[] {
  return looked.flatMap(({ resource, observed = {} }) => (toSettle(observed).length > 0 ? [nameOf(resource.urn)] : []));
}

/** What a refresh has found gone since the last update: there is nothing of it in the state to look at any more. */
export function goneIn({ resources }: Pick<StackState, "resources">): Drifted[] {
  return goneSinceUpdate(resources).map(gone);
}

function gone(resource: string): Drifted {
  return { resource, changes: ["it is gone"] };
}

/** The secrets that a refresh has found to be others: the state has them as they were found, and keeps their names beside. */
function takenIn({ outputs }: StateResource): string[] {
  const names = outputs[driftedSecretsOutput];
  return Array.isArray(names) ? names.map(String) : [];
}

function values(key: string, wanted: unknown, found: unknown): string {
  const short = (value: unknown) => ["boolean", "number", "string"].includes(typeof value) && String(value).length < 60;
  if (/key|token|secret|password/i.test(key) || !short(wanted) || !short(found)) return "";
  return `: ${wanted} => ${found}`;
}
