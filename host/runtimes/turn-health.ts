import { argv } from "../command.ts";
import type { Health } from "../upgrade.ts";
import { turn } from "./turn.ts";

/** A session of its own, so that what people talk about with the agent is not mixed with it. */
const session = "nemoclaw-health";

/** The agent's answer to one short message is the proof that all of it works together: agent, supervisor, gate and route. */
export function answersTurn(sandbox: string): Health {
  const message = "This is a check of whether you answer. One word is enough.";
  const command = argv("ask the agent for a turn", turn(sandbox, session).argv, {
    stdin: message,
    timeoutSeconds: 240,
  });
  return { what: `the agent of ${sandbox} answers a turn`, command };
}
