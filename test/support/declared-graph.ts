import * as pulumi from "@pulumi/pulumi";
import { getMonitor } from "@pulumi/pulumi/runtime/settings.js";
import { stringify } from "yaml";

/** A resource that a program declared under Pulumi's mocks, with the options that the engine would be told. */
export interface DeclaredResource {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
  readonly options: Record<string, unknown>;
}

interface Surroundings {
  /** @default "test" */
  readonly stack?: string;
  /** Whether nothing is made yet, as in the first preview: then no resource has any output. @default false */
  readonly preview?: boolean;
  /** What a resource has once it is made, besides its inputs; an `id` among it is its own. */
  readonly outputs?: (type: string, name: string, inputs: Record<string, unknown>) => Record<string, unknown>;
  /** What an invoke answers. */
  readonly call?: (token: string, inputs: Record<string, unknown>) => Record<string, unknown>;
}

type Request = Record<`get${string}`, () => unknown> & { getPropertydependenciesMap(): unknown };
type Value = { toJavaScript(): unknown };
type Message = { toObject(): object };
type Alias = { getUrn(): string; getSpec(): Message };
type Monitor = { registerResource(request: Request, callback: (...answer: unknown[]) => void): void };

/** Everything that a program declares, with Pulumi's mocks in place of an engine. Errors of the program reject. */
export async function declare(
  program: () => Promise<unknown> | unknown,
  { stack = "test", outputs = () => ({}), call = () => ({}), preview = false }: Surroundings = {},
): Promise<DeclaredResource[]> {
  const inputs = new Map<string, Record<string, unknown>>();
  const options = new Map<string, Record<string, unknown>>();
  const key = (type: string, name: string) => `${type} ${name}`;
  await pulumi.runtime.setMocks(
    {
      newResource: (made) => {
        inputs.set(key(made.type, made.name), made.inputs);
        if (preview) return { id: undefined, state: {} };
        const { id = `${made.name}-id`, ...state } = outputs(made.type, made.name, made.inputs);
        return { id: String(id), state: { ...made.inputs, ...state } };
      },
      call: ({ token, inputs: asked }) => {
        try {
          return call(token, asked);
        } catch (error) {
          // As the engine hands on what a provider says.
          throw Object.assign(error as Error, { details: (error as Error).message });
        }
      },
    },
    "nemoclaw",
    stack,
    preview,
  );
  const monitor = getMonitor() as unknown as Monitor;
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    options.set(key(String(request.getType?.()), String(request.getName?.())), optionsOf(request));
    register(request, callback);
  };
  await program();
  await settled(() => inputs.size);
  return [...options].map(([id, opts]) => {
    const [type = "", name = ""] = id.split(/ (.*)/s);
    return { type, name, inputs: inputs.get(id) ?? {}, options: opts };
  });
}

// Outputs travel in turns of the event loop; three turns without a new resource mean that none is on its way.
async function settled(count: () => number): Promise<void> {
  let [last, quiet] = [-1, 0];
  while (quiet < 20) {
    await new Promise((done) => setTimeout(done, 5));
    quiet = count() === last ? quiet + 1 : 0;
    last = count();
  }
}

function optionsOf(request: Request): Record<string, unknown> {
  const named = (urn: unknown) => String(urn).split("::").slice(2).join(" ").replace(/^.*\$/, "");
  const list = <T = string>(value: unknown) => (value as T[] | undefined) ?? [];
  const all = {
    parent: request.getParent?.() ? named(request.getParent()) : undefined,
    provider: request.getProvider?.() ? named(String(request.getProvider()).replace(/::[^:]*$/, "")) : undefined,
    protect: request.getProtect?.() || undefined,
    retainOnDelete: request.getRetainondelete?.() || undefined,
    import: request.getImportid?.() || undefined,
    deletedWith: request.getDeletedwith?.() ? named(request.getDeletedwith()) : undefined,
    deleteBeforeReplace: request.getDeletebeforereplace?.() || undefined,
    replacementTrigger: (request.getReplacementTrigger?.() as Value | undefined)?.toJavaScript(),
    replaceOnChanges: list(request.getReplaceonchangesList?.()),
    ignoreChanges: list(request.getIgnorechangesList?.()),
    aliases: list<Alias>(request.getAliasesList?.()).flatMap(aliasOf),
    customTimeouts: said(request.getCustomtimeouts?.() as Message | undefined),
    secretOutputs: list(request.getAdditionalsecretoutputsList?.()),
    dependsOn: list(request.getDependenciesList?.()).map(named).sort(),
  };
  return Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)),
  );
}

/** What a message says; what it leaves out it holds as an empty text. */
function said(message: Message | undefined): Record<string, string> | undefined {
  const filled = Object.entries(message?.toObject() ?? {}).filter(([, value]) => value !== "" && value !== undefined);
  return filled.length === 0 ? undefined : Object.fromEntries(filled);
}

/** Without those by which a provider's SDK knows a type that it has renamed. */
function aliasOf(alias: Alias): (string | Record<string, string>)[] {
  if (alias.getUrn()) return [alias.getUrn()];
  const spec = said(alias.getSpec());
  return spec === undefined || (spec.type && !spec.name && !spec.type.startsWith("nemoclaw:")) ? [] : [spec];
}

/** The graph as a reviewer reads it: one block a resource, in the order of their names. */
export function graphText(resources: readonly DeclaredResource[]): string {
  const ordered = resources.toSorted((a, b) => (a.name + a.type < b.name + b.type ? -1 : 1));
  const blocks = ordered.map(({ type, name, options, inputs }) =>
    stringify({ [`${name} (${type})`]: { options, inputs } }, { lineWidth: 0, sortMapEntries: true }),
  );
  return blocks.join("\n");
}

/** What a program told the engine's log while it ran. */
export async function logged(
  work: () => Promise<unknown>,
): Promise<{ errors: string[]; warnings: string[]; notes: string[] }> {
  const { log } = pulumi;
  const [error, warn, info] = [log.error, log.warn, log.info];
  const said = { errors: [] as string[], warnings: [] as string[], notes: [] as string[] };
  log.error = async (message) => void said.errors.push(message);
  log.warn = async (message) => void said.warnings.push(message);
  log.info = async (message) => void said.notes.push(message);
  try {
    await work();
  } finally {
    Object.assign(log, { error, warn, info });
  }
  return said;
}
