import { all, type Step } from "../../step.ts";
import { observedSecret, textFacts } from "../../steps/text-file.ts";
import { part, type RouteSpec } from "../runtime.ts";
import { type AgentSettings, agentSettingsFacts, forgetSettings, isLost, leadSettings } from "./agent-settings.ts";
import { start, stop } from "./box-commands.ts";
import { requireOurs } from "./box-owner.ts";
import { openshellQuestion } from "./cli.ts";
import { gatewayGone } from "./gateway-gone.ts";
import { askFirst, deleteProvider, isAsked, setModel, setProvider, takenUp } from "./inference-commands.ts";
import { type InferenceFacts, type ProviderFacts, parseInference, parseProvider } from "./inference-facts.ts";
import { inferenceLocal, paths } from "./paths.ts";
import { holdsKey, isAsNoted, noteOf, providerLeft, providerName } from "./provider-note.ts";
import { noteLed, observedModel, type ReportedFacts, reportedFacts, strayModel } from "./reported-model.ts";
import type { BoxFacts } from "./sandbox-facts.ts";

export interface RouteFacts {
  readonly provider: ProviderFacts;
  readonly inference: InferenceFacts;
  readonly note: string | undefined;
  readonly settings: AgentSettings;
  readonly reported: ReportedFacts;
}

/** Where `inference.local` leads under OpenShell 0.0.11x: a provider that holds the key, and the model. Both change under the running agent. */
export const managedRoute = part<RouteSpec, { box: BoxFacts; route: RouteFacts }>({
  step: (spec: RouteSpec) =>
    all(`inference route of ${spec.sandbox}`, { box: requireOurs(spec), route: ensureRoute(spec) }),
  observe(spec, { route: { provider, inference, note, settings, reported } }) {
    if (provider.kind === "absent" && note === undefined) return "gone";
    const name = providerName(spec.sandbox);
    const noted = noteOf(note);
    const ours = provider.kind === "there" && isAsNoted(provider, noted);
    const running = provider.kind === "there" && inference.provider === name;
    const own = elsewhere(settings, spec);
    return {
      ...spec,
      running,
      enabled: true,
      baseUrl: own.baseUrl ?? (ours ? (noted.baseUrl ?? "unknown") : "changed at the gateway"),
      model: own.model ?? observedModel(inference.model, reported),
      key: observedSecret(spec.key, ours && holdsKey(spec.key, noted)),
      inForce: running && inference.model !== undefined,
    };
  },
  removal({ sandbox }) {
    const facts = factsOf(sandbox);
    return {
      name: `no inference route of ${sandbox}`,
      facts,
      plan: ({ provider, note }: RouteFacts) =>
        provider.kind === "there" || note !== undefined ? [deleteProvider(sandbox, provider.kind === "there")] : [],
      remarks: ({ provider }: RouteFacts) => (provider.kind === "unreachable" ? [providerLeft(sandbox)] : []),
    };
  },
});

function factsOf(sandbox: string): Step<RouteFacts>["facts"] {
  return {
    provider: openshellQuestion(["provider", "list", "-o", "json"], (said) =>
      parseProvider(said, providerName(sandbox)),
    ),
    inference: openshellQuestion(["inference", "get"], parseInference),
    note: textFacts(paths.route(sandbox)),
    settings: agentSettingsFacts(sandbox),
    reported: reportedFacts(sandbox),
  };
}

/** What of the agent's own settings leads it past the route; a part that it dropped leads nowhere, until its next start. */
function elsewhere(settings: AgentSettings, { running }: Pick<RouteSpec, "running">): AgentSettings {
  if (isLost(settings) && !running) return {};
  const lost = isLost(settings) ? "none" : undefined;
  const { baseUrl = lost, model = lost } = settings;
  return {
    ...(baseUrl !== inferenceLocal.baseUrl && { baseUrl }),
    ...(model !== inferenceLocal.model && { model }),
  };
}

export function ensureRoute(spec: RouteSpec): Step<RouteFacts> {
  const { sandbox, model, key } = spec;
  return {
    name: `inference route of ${sandbox}`,
    facts: factsOf(sandbox),
    plan({ provider, inference, note, settings, reported }) {
      if (provider.kind === "unreachable")
        throw gatewayGone(`the inference route of ${sandbox} is not known`, provider);
      const noted = noteOf(note);
      const exists = provider.kind === "there";
      const right = exists && isAsNoted(provider, noted) && noted.baseUrl === spec.baseUrl && holdsKey(key, noted);
      const led = exists && inference.provider === providerName(sandbox) && inference.model === model;
      const { baseUrl: otherUrl, model: otherModel } = elsewhere(settings, spec);
      const own = otherUrl === undefined && otherModel === undefined;
      const leads = led && own && strayModel(model, reported) === undefined;
      if (right && leads) return [];
      // A sandbox that started while OpenShell led to a provider that was gone has no inference until it is started again.
      const dangling = !exists && inference.provider === providerName(sandbox);
      // There is nothing to write into any more, and the agent's start writes it anew.
      const lost = isLost(settings);
      const restart = spec.running && (dangling || lost);
      return [
        ...(isAsked(spec) ? [askFirst(spec)] : []),
        ...(right ? [] : [setProvider(spec, exists)]),
        ...(own || lost ? [] : [leadSettings(sandbox, inferenceLocal)]),
        ...(leads ? [] : [setModel(sandbox, model)]),
        ...(spec.running && !restart ? [takenUp] : []),
        ...(restart ? [stop(sandbox), ...(lost ? [forgetSettings(sandbox)] : []), start(sandbox)] : []),
        noteLed(sandbox),
      ];
    },
  };
}
