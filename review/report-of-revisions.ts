import { canonical } from "../policies/canonical.ts";
import { type DiffSide, diffPolicies } from "../policies/diff.ts";
import { mergePolicies } from "../policies/merge.ts";
import { type Fact, fact, listFacts } from "./facts.ts";
import { lockFacts } from "./lock-facts.ts";
import { type PriceOf, priceNote } from "./preview-facts.ts";
import type { Expected, Report, SecretChange } from "./report.ts";
import { ReviewError } from "./review-error.ts";
import type { Revision } from "./revision.ts";
import { type StackAt, stackAt } from "./stack-at.ts";
import { isObject, show, valueChanges } from "./values.ts";

/**
 * The report of what two revisions configure for a stack; nothing is asked of the machine.
 *
 * @throws ReviewError when neither has the stack, or one of them cannot be read
 */
export function reportOfRevisions(
  stack: string,
  from: Revision,
  to: Revision,
  priceOf: PriceOf = () => undefined,
): Report {
  const [was, is] = [stackAt(from, stack), stackAt(to, stack)];
  if (was === undefined && is === undefined) {
    const hint = stack.startsWith("local")
      ? "its file is not tracked; scripts/review without --from looks at the machine"
      : "the name of a tracked stack file";
    throw new ReviewError(`neither ${from.name} nor ${to.name} has stacks/Pulumi.${stack}.yaml`, hint);
  }
  const empty = { policy: mergePolicies([]), sources: new Map<string, string>() };
  const { changes } = diffPolicies(sideOf(was) ?? empty, sideOf(is) ?? empty);
  const [before, after] = [was?.settings ?? {}, is?.settings ?? {}];
  return {
    stack,
    compared: `what ${shortName(from)} and ${shortName(to)} configure`,
    resources: [],
    expected: expected(was, is),
    access: changes,
    model: model(before, after),
    versions: [...agent(from, to), ...lockFacts(from, to)],
    exposure: exposure(before, after),
    settings: settings(before, after, priceOf),
    secrets: secrets(was?.secrets ?? new Map(), is?.secrets ?? new Map()),
    drift: undefined,
    driftAccess: [],
    warnings: [],
  };
}

function sideOf(one: StackAt | undefined): DiffSide | undefined {
  return one && { ...one, tellsPrograms: section(one.settings, "runtime").kind === "openshell" };
}

function shortName({ name, commit }: Revision): string {
  return commit.startsWith(name) ? commit.slice(0, 12) : `${name} (${commit.slice(0, 12)})`;
}

/** What a machine is made of, or is taken to be: another value is another machine. */
const ofMachine = [
  "kind",
  "image",
  "address",
  "port",
  "region",
  "zone",
  "instanceType",
  "machineType",
  "ami",
  "project",
];

function expected(was: StackAt | undefined, is: StackAt | undefined): Expected[] {
  const lost = "everything on it, the agent's workspace included";
  if (is === undefined)
    return [
      {
        label: "the whole stack",
        because: "its stack file is gone",
        lost: "nothing until it is destroyed; then everything",
      },
    ];
  if (was === undefined) return [];
  const machine = changed(section(was.settings, "machine"), section(is.settings, "machine")).filter((key) =>
    ofMachine.includes(key),
  );
  const resized = machine.length > 0 && machine.every((key) => /Type$/.test(key));
  if (machine.length > 0) {
    const note = resized ? "; the preview tells whether its cloud resizes it in place" : "";
    return [{ label: "machine", because: `machine.${machine.join(", machine.")}${note}`, lost }];
  }
  const fixed = ({ filesystem_policy, process, landlock }: StackAt["policy"]) =>
    canonical({ filesystem_policy, process, landlock });
  if (fixed(was.policy) === fixed(is.policy)) return [];
  const because = "filesystem_policy, process and landlock are fixed when it starts";
  return [{ label: "sandbox", because, lost: "the agent restarts; its files outside the workspace go" }];
}

type Settings = Readonly<Record<string, unknown>>;

function section(settings: Settings, name: string): Settings {
  const found = settings[name];
  return isObject(found) ? found : {};
}

function changed(before: Settings, after: Settings): string[] {
  return valueChanges(before, after).map(({ path }) => path.split(".")[0] ?? "");
}

function text(value: unknown): string | undefined {
  return value === undefined ? undefined : show(value);
}

function model(before: Settings, after: Settings): Fact[] {
  const [was, is] = [section(before, "inference"), section(after, "inference")];
  const moved = { effect: "widens", note: "what the agent writes goes there" } as const;
  return [
    ...fact("provider", text(was.kind), text(is.kind), moved),
    ...fact("model", text(was.model), text(is.model)),
    ...fact("sent to", text(was.baseUrl), text(is.baseUrl), moved),
  ];
}

function agent(from: Revision, to: Revision): Fact[] {
  const [was, is] = [from, to].map(
    (revision) => /"openclaw":\s*"([^"]+)"/.exec(revision.read("services/agent/package.json") ?? "")?.[1],
  );
  return fact("agent", was, is);
}

function exposure(before: Settings, after: Settings): Fact[] {
  const chats = (settings: Settings) => [section(settings, "telegram").chats ?? []].flat().map(String);
  const ranges = (settings: Settings) =>
    Object.entries(section(settings, "machine")).flatMap(([key, value]) =>
      /cidr|ranges|allow/i.test(key) ? [value].flat().map(show) : [],
    );
  return [
    ...listFacts("open to", ranges(before), ranges(after)),
    ...listFacts("public address", address(before), address(after)),
    ...listFacts("Telegram chat", chats(before), chats(after)),
  ];
}

function address(settings: Settings): string[] {
  const {
    kind = "none",
    hostname,
    access = kind === "quick" ? "public" : "cloudflare-access",
    reason,
  } = section(settings, "tunnel");
  if (kind === "none") return [];
  const who =
    access === "public" ? `everybody${reason ? `, because ${show(reason)}` : ""}` : "whom Cloudflare Access lets in";
  return [`${hostname ? `https://${show(hostname)}` : "a quick tunnel"}, for ${who}`];
}

// What the other parts are about is not said twice.
const told = /^(policy|inference|tunnel|telegram\.chats|machine\.(.*cidr.*|.*ranges.*|allow.*))(\.|$)/i;

function settings(before: Settings, after: Settings, priceOf: PriceOf): Fact[] {
  return valueChanges(before, after)
    .filter(({ path }) => !told.test(path))
    .map(({ path, before: was, after: is }) => {
      const note = /^machine\.\w+Type$/.test(path) ? priceNote(text(was), text(is), priceOf) : undefined;
      return { what: path, before: text(was), after: text(is), ...(note && { note }) };
    });
}

function secrets(was: ReadonlyMap<string, string>, is: ReadonlyMap<string, string>): SecretChange[] {
  return [...new Set([...was.keys(), ...is.keys()])].sort().flatMap((name): SecretChange[] => {
    const [before, after] = [was.get(name), is.get(name)];
    if (before === after) return [];
    if (before === undefined) return [{ name, kind: "new" }];
    if (after === undefined) return [{ name, kind: "gone" }];
    return [{ name, kind: "changed", note: "or encrypted anew" }];
  });
}
