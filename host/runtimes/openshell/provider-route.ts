import { canonical } from "../../../policies/canonical.ts";
import { readLock } from "../../lock.ts";
import { all, type Step } from "../../step.ts";
import { sha256 } from "../../steps/file-facts.ts";
import { writeFile } from "../../steps/managed-file.ts";
import { observedJson, observedSecret, textFacts } from "../../steps/text-file.ts";
import { part, type RouteSpec } from "../runtime.ts";
import { type AgentSettings, agentSettingsFacts } from "./agent-settings.ts";
import { isForeign, requireOurs } from "./box-owner.ts";
import { openshellQuestion } from "./cli.ts";
import { gatewayGone } from "./gateway-gone.ts";
import { askFirst, fromSandbox, isAsked } from "./inference-commands.ts";
import { type ProviderFacts, parseProvider } from "./inference-facts.ts";
import { paths } from "./paths.ts";
import {
  attachProvider,
  deleteRoute,
  restartForKey,
  setProfile,
  setProvider,
  waitForAgent,
} from "./provider-commands.ts";
import { holdsKey, isAsNoted, noteOf, providerLeft, providerName } from "./provider-note.ts";
import { profileHash, profileName, providerProfile } from "./provider-profile.ts";
import { noteLed, observedModel, type ReportedFacts, reportedFacts, strayModel } from "./reported-model.ts";
import { type BoxFacts, boxFacts } from "./sandbox-facts.ts";

export interface ProviderRouteFacts {
  readonly provider: ProviderFacts;
  /** As the gateway exports it; undefined when it has none. */
  readonly profile: Record<string, unknown> | undefined;
  readonly profileNote: string | undefined;
  readonly attached: boolean;
  /** What we noted when we last set the provider, and what the agent's process was started with. */
  readonly note: string | undefined;
  readonly startedWith: string | undefined;
  /** Where we lead the agent. */
  readonly led: string | undefined;
  /** Where the agent's own settings lead it. */
  readonly agent: AgentSettings;
  readonly reported: ReportedFacts;
}

/**
 * Inference under OpenShell 0.1.x, which leads nothing itself: a provider with the key is attached to the sandbox, and the
 * agent's own settings name service and model. A model changes under the running agent; a key restarts its process.
 */
export const providerRoute = part<RouteSpec, { box: BoxFacts; route: ProviderRouteFacts }>({
  step: (spec: RouteSpec) =>
    all(`inference route of ${spec.sandbox}`, { box: requireOurs(spec), route: ensureRoute(spec) }),
  observe(spec, { box, route: now }) {
    if (now.provider.kind === "absent" && now.note === undefined && now.led === undefined) return "gone";
    const { provider, agent } = now;
    const noted = noteOf(now.note);
    const ours = provider.kind === "there" && isAsNoted(provider, noted);
    const running = provider.kind === "there" && now.attached && !isForeign(box, spec.owner);
    const started = spec.key === undefined || now.startedWith === now.note;
    return {
      ...spec,
      running,
      enabled: true,
      baseUrl: ours && isProfileRight(spec, now) ? observedUrl(spec, agent.baseUrl) : "changed at the gateway",
      model: observedModel(agent.model, now.reported),
      key: observedSecret(spec.key, ours && started && holdsKey(spec.key, noted)),
      inForce: running && agent.model !== undefined && agent.model === observedJson(now.led).model,
    };
  },
  removal({ sandbox, owner }) {
    return {
      name: `no inference route of ${sandbox}`,
      facts: { box: boxFacts(sandbox), route: factsOf(sandbox) },
      plan: ({ box, route: { provider, note, led } }: { box: BoxFacts; route: ProviderRouteFacts }) =>
        provider.kind === "there" || note !== undefined || led !== undefined
          ? [deleteRoute(sandbox, { detach: !isForeign(box, owner) })]
          : [],
      remarks: ({ route: { provider } }: { route: ProviderRouteFacts }) =>
        provider.kind === "unreachable" ? [providerLeft(sandbox)] : [],
    };
  },
});

function factsOf(sandbox: string): Step<ProviderRouteFacts>["facts"] {
  const name = providerName(sandbox);
  return {
    provider: openshellQuestion(["provider", "list", "-o", "json"], (said) => parseProvider(said, name)),
    profile: openshellQuestion(
      ["provider", "profile", "export", profileName(sandbox), "-o", "json"],
      ({ stdout, exitCode }) => (exitCode === 0 ? observedJson(stdout) : undefined),
    ),
    profileNote: textFacts(paths.profileNote(sandbox)),
    attached: openshellQuestion(["sandbox", "provider", "list", sandbox], ({ stdout, exitCode }) =>
      exitCode === 0 ? isListed(stdout, name) : false,
    ),
    note: textFacts(paths.route(sandbox)),
    startedWith: textFacts(paths.startedWith(sandbox)),
    led: textFacts(ledFile(sandbox)),
    agent: agentSettingsFacts(sandbox),
    reported: reportedFacts(sandbox),
  };
}

/** Whether a table, or a list of names, has a line for a name. */
export function isListed(text: string, name: string): boolean {
  return text.split("\n").some((line) => line.split(/[^\w.-]+/).includes(name));
}

const observedUrl = ({ baseUrl }: RouteSpec, found = "unknown") => (found === fromSandbox(baseUrl) ? baseUrl : found);
const ledFile = (sandbox: string) => `${paths.led(sandbox)}/route.json`;
const wantedProfile = (spec: RouteSpec) =>
  canonical(providerProfile(spec, `/opt/nemoclaw/node/${readLock().artifacts.node?.version}/bin/node`));

function isProfileRight(spec: RouteSpec, { profile, profileNote }: ProviderRouteFacts): boolean {
  if (profile === undefined) return false;
  const { wanted, found } = observedJson(profileNote);
  return wanted === sha256(wantedProfile(spec)) && found === profileHash(profile);
}

export function ensureRoute(spec: RouteSpec): Step<ProviderRouteFacts> {
  const { sandbox, model, key, running } = spec;
  return {
    name: `inference route of ${sandbox}`,
    facts: factsOf(sandbox),
    plan(now) {
      const { provider, profile, agent } = now;
      if (provider.kind === "unreachable")
        throw gatewayGone(`the inference route of ${sandbox} is not known`, provider);
      const wanted = wantedProfile(spec);
      const noted = noteOf(now.note);
      const kept = provider.kind === "there" && isAsNoted(provider, noted) && provider.type === profileName(sandbox);
      const keyRight = kept && holdsKey(key, noted);
      const fits = provider.kind === "there" && provider.type === profileName(sandbox) && key !== undefined;
      const how = provider.kind === "absent" ? "create" : fits ? "update" : "make anew";
      const attach = !now.attached || (!keyRight && how === "make anew");
      const restart = key !== undefined && (!keyRight || attach || now.startedWith !== now.note);

      const led = { path: ledFile(sandbox), content: canonical({ baseUrl: fromSandbox(spec.baseUrl), model }) };
      const own = agent.model === model && agent.baseUrl === fromSandbox(spec.baseUrl);
      const leads = now.led === led.content && own && strayModel(model, now.reported) === undefined;
      const commands = [
        ...(isProfileRight(spec, now) ? [] : [setProfile(sandbox, wanted, sha256(wanted), profile !== undefined)]),
        ...(keyRight ? [] : [setProvider(spec, how)]),
        ...(attach ? [attachProvider(sandbox)] : []),
        ...(leads || (!running && now.led === led.content) ? [] : [writeFile(led)]),
        ...(restart && running ? [restartForKey(sandbox)] : []),
        ...(leads || !running ? [] : [waitForAgent(sandbox, model)]),
      ];
      if (commands.length === 0) return [];
      return [...(isAsked(spec) ? [askFirst(spec)] : []), ...commands, noteLed(sandbox)];
    },
  };
}
