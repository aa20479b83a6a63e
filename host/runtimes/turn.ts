import { paths } from "./embedded/paths.ts";

/**
 * Sends one message to an agent, whichever runtime it runs under: both have the same socket. The message goes to standard
 * input; the reply is JSON {text, model, sessionId}.
 */
export function turn(sandbox: string, session: string): { readonly argv: readonly string[] } {
  const client = "/opt/nemoclaw/supervisor/current/turn.mjs";
  return { argv: [paths.node, client, "--sandbox", sandbox, "--session", session] };
}
