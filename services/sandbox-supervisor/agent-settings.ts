/** The name under which the agent knows a model that the inference route puts the real one in place of. */
const routed = "routed";

/** A model of our own inside, for the first turn alone. */
export const warmUpModel = "ready";
export const warmUpPort = 18790;

/** What a folder of the agent's settings depends on. */
export interface AgentPlaces {
  readonly workspace: string;
  readonly state: string;
  /** Where the model is asked. Default: the inference route, which the egress gate answers for. */
  readonly baseUrl?: string;
  /** What to ask for there. Default: a name that the inference route replaces. */
  readonly model?: string;
  /** What to ask with: a placeholder that is replaced on the way out. Never a key. */
  readonly apiKey?: string;
}

/**
 * OpenClaw's settings: one provider, which is the inference route, and nothing that would act without being asked. The agent
 * may change its file; what matters is not in it, since the key and the model are the route's and access is the gate's.
 */
export function agentSettings(places: AgentPlaces): object {
  const { workspace, state, baseUrl = "http://inference.local/v1", model = routed, apiKey = "unused" } = places;
  return {
    gateway: { mode: "local", bind: "loopback", auth: { mode: "token" }, controlUi: { enabled: false } },
    models: {
      mode: "merge",
      catalogRefresh: { enabled: false },
      providers: {
        inference: {
          baseUrl,
          apiKey,
          api: "openai-completions",
          models: [
            { id: model, name: model === routed ? "the routed model" : model, contextWindow: 128_000, maxTokens: 8192 },
          ],
        },
        "warm-up": {
          baseUrl: `http://127.0.0.1:${warmUpPort}/v1`,
          apiKey: "unused",
          api: "openai-completions",
          models: [{ id: warmUpModel, name: "warm-up", contextWindow: 128_000, maxTokens: 8192 }],
        },
      },
    },
    agents: {
      defaults: {
        model: { primary: `inference/${model}` },
        workspace,
        heartbeat: { every: "0m" },
        // Else it asks a new user for names first, and refuses every turn once its own files are gone from the workspace.
        skipBootstrap: true,
      },
    },
    update: { checkOnStart: false },
    // Its file would else fill /tmp, which is memory; the journal has the same lines.
    logging: { level: "warn", file: `${state}/logs/gateway.log`, maxFileBytes: 5_000_000, consoleLevel: "info" },
  };
}
