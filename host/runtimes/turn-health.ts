import { argv } from "../command.ts";
import type { Health } from "../upgrade.ts";
import { turn } from "./turn.ts";

/** What a turn is that only shows whether there is an answer. */
export const trialTurn = {
  /** A session of its own, so that what people talk about with the agent is not mixed with it. */
  session: "nemoclaw-health",
  message: "This is a check of whether you answer. One word is enough.",
  seconds: 240,
} as const;

/** The agent's answer to one short message is the proof that all of it works together: agent, supervisor, gate and route. */
export function answersTurn(sandbox: string): Health {
  const { session, message, seconds } = trialTurn;
  const command = argv("ask the agent for a turn", turn(sandbox, session).argv, {
    stdin: message,
    timeoutSeconds: seconds,
  });
  return { what: `the agent of ${sandbox} answers a turn`, command };
}
