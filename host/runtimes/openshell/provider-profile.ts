import { sha256 } from "../../steps/file-facts.ts";
import type { RouteSpec } from "../runtime.ts";
import { fromSandbox } from "./inference-commands.ts";

/** The variable under which the agent finds the placeholder of its key; the key itself never enters the sandbox. */
export const keyVariable = "NEMOCLAW_INFERENCE_KEY";

/** What a provider profile is called. An id of our own, so that a site's profile of the same service stays what it is. */
export const profileName = (sandbox: string) => `nemoclaw-${sandbox}`;

/**
 * The provider profile of a route, as OpenShell 0.1.x takes it: one service, what may be asked there, with which key, and by
 * which program. Nothing else may use the key, and the program reaches nothing more by it.
 *
 * @param node the program that asks, by its real path
 */
export function providerProfile({ sandbox, baseUrl, key }: RouteSpec, node: string): object {
  const url = new URL(fromSandbox(baseUrl));
  const folder = url.pathname.replace(/\/+$/, "");
  const allow = (method: string, path: string) => ({ allow: { method, path: `${folder}/${path}` } });
  return {
    id: profileName(sandbox),
    display_name: `Inference of ${sandbox} (nemoclaw)`,
    category: "inference",
    inference_capable: true,
    credentials:
      key === undefined
        ? []
        : [
            {
              name: "api_key",
              env_vars: [keyVariable],
              required: true,
              auth_style: "bearer",
              header_name: "authorization",
            },
          ],
    ...(key !== undefined && { discovery: { credentials: ["api_key"] } }),
    endpoints: [
      {
        host: url.hostname.replace(/^\[|\]$/g, ""),
        port: url.port === "" ? (url.protocol === "http:" ? 80 : 443) : Number(url.port),
        protocol: "rest",
        enforcement: "enforce",
        rules: [
          allow("POST", "chat/completions"),
          allow("POST", "responses"),
          allow("POST", "embeddings"),
          allow("GET", "models"),
        ],
      },
    ],
    binaries: [node],
  };
}

/** A name for what an exported profile says, whatever the gateway added to it; its version is not part of it. */
export function profileHash(exported: Record<string, unknown>): string {
  const { resource_version: _, ...rest } = exported;
  return sha256(JSON.stringify(rest));
}
