import { type Fact, fact, listFacts } from "../facts.ts";
import { rangeFacts } from "../range-facts.ts";
import { chatFacts, serverFacts } from "../telegram-facts.ts";
import { tunnelFacts } from "../tunnel-facts.ts";
import { isObject, shown, shownEach } from "../values.ts";
import { type Settings, section } from "./settings.ts";

/** What one setting, or a few that belong together, say about who can reach the machine or the agent. */
export interface Exposure {
  /** The settings, by path. */
  readonly settings: readonly string[];
  readonly facts: readonly Fact[];
}

/** Who can reach the machine or the agent, as two revisions have it in their settings. */
export function settingExposure(before: Settings, after: Settings): Exposure[] {
  const [was, is] = [before, after].map((settings) => access(settings));
  const [bridges, tunnels] = ["telegram", "tunnel"].map(
    (name) => [optional(before, name), optional(after, name)] as const,
  );
  const members = [before, after].map((settings) => shownEach(section(settings, "machine").tunnelMembers));
  return [
    { settings: ["machine.access.kind"], facts: wayIn(shown(was?.kind), shown(is?.kind)) },
    {
      settings: ["machine.access.cidrs"],
      facts: rangeFacts("may reach SSH", shownEach(was?.cidrs), shownEach(is?.cidrs)),
    },
    {
      settings: ["machine.access.fromAnywhere"],
      facts: fact("why everybody may reach SSH", shown(was?.fromAnywhere), shown(is?.fromAnywhere)),
    },
    {
      settings: ["machine.tunnelMembers"],
      facts: listFacts("may open IAP tunnels", members[0] ?? [], members[1] ?? []),
    },
    {
      settings: ["tunnel.kind", "tunnel.hostname", "tunnel.access", "tunnel.reason"],
      facts: tunnelFacts(tunnels?.[0], tunnels?.[1]),
    },
    { settings: ["telegram.chats"], facts: chatFacts(bridges?.[0], bridges?.[1]) },
    { settings: ["telegram.apiRoot"], facts: serverFacts(bridges?.[0], bridges?.[1]) },
  ];
}

/** The way to SSH where a stack file names none. */
const usual: Readonly<Record<string, string>> = { aws: "ssm", gcp: "iap" };

function access(settings: Settings): Settings | undefined {
  const machine = section(settings, "machine");
  const kind = usual[String(machine.kind)];
  return kind === undefined ? undefined : { kind, ...section(machine, "access") };
}

function wayIn(was: string | undefined, is: string | undefined): Fact[] {
  const what = "way to SSH";
  if (is === "public") return fact(what, was, is, { effect: "widens", note: "a port that is open to addresses" });
  if (is === undefined) return fact(what, was, is, { effect: "narrows" });
  return fact(what, was, is, { effect: "unclear", note: "the cloud's own permissions say who may use it" });
}

function optional(settings: Settings, name: string): Settings | undefined {
  return isObject(settings[name]) ? section(settings, name) : undefined;
}
