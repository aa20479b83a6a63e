import { all, type Step } from "../../step.ts";
import { observedSecret, textFacts } from "../../steps/text-file.ts";
import { part, type RouteSpec } from "../runtime.ts";
import { requireOurs } from "./box-owner.ts";
import { openshellQuestion } from "./cli.ts";
import { gatewayGone } from "./gateway-gone.ts";
import { deleteProvider, setModel, setProvider, tryService } from "./inference-commands.ts";
import { type InferenceFacts, type ProviderFacts, parseInference, parseProvider } from "./inference-facts.ts";
import { paths } from "./paths.ts";
import { holdsKey, isAsNoted, noteOf, providerLeft, providerName } from "./provider-note.ts";
import type { BoxFacts } from "./sandbox-facts.ts";
import { isVerified, judgeVerification } from "./verification.ts";

export interface RouteFacts {
  readonly provider: ProviderFacts;
  readonly inference: InferenceFacts;
  readonly note: string | undefined;
}

/** Where `inference.local` leads under OpenShell 0.0.11x: a provider that holds the key, and the model. Both change under the running agent. */
export const managedRoute = part<RouteSpec, { box: BoxFacts; route: RouteFacts }>({
  fill: (spec: RouteSpec) => ({ ...spec, verify: isVerified(spec) }),
  judge: judgeVerification,
  step: (spec: RouteSpec) =>
    all(`inference route of ${spec.sandbox}`, { box: requireOurs(spec), route: ensureRoute(spec) }),
  observe(spec, { route: { provider, inference, note } }) {
    if (provider.kind === "absent" && inference.provider === undefined && note === undefined) return "gone";
    const name = providerName(spec.sandbox);
    const noted = noteOf(note);
    const ours = provider.kind === "there" && isAsNoted(provider, noted);
    const running = provider.kind === "there" && inference.provider === name;
    return {
      ...spec,
      running,
      enabled: true,
      baseUrl: ours ? (noted.baseUrl ?? "unknown") : "changed at the gateway",
      model: inference.model ?? "none",
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
  };
}

export function ensureRoute(spec: RouteSpec): Step<RouteFacts> {
  const { sandbox, model, key } = spec;
  return {
    name: `inference route of ${sandbox}`,
    facts: factsOf(sandbox),
    plan({ provider, inference, note }) {
      if (provider.kind === "unreachable")
        throw gatewayGone(`the inference route of ${sandbox} is not known`, provider);
      const noted = noteOf(note);
      const kept = provider.kind === "there" && isAsNoted(provider, noted);
      const right = kept && noted.baseUrl === spec.baseUrl && holdsKey(key, noted);
      const led = inference.provider === providerName(sandbox) && inference.model === model;
      const exists = provider.kind === "there";
      // The gateway reads a provider at each request: what is to be asked first must not stand in the one that is in use.
      const first = isVerified(spec) && exists && !right;
      return [
        ...(first ? [tryService(spec)] : []),
        ...(right ? [] : [setProvider(spec, exists)]),
        ...(led && exists && !first ? [] : [setModel(sandbox, model, isVerified(spec) && !first)]),
      ];
    },
  };
}
