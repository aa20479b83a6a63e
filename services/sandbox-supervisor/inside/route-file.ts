import { readFileSync } from "node:fs";
import { parseLine } from "../lines.ts";

/** Where the agent asks its model, and for which. */
export interface Route {
  readonly baseUrl: string;
  readonly model: string;
}

/** What a route file says; undefined where there is none yet, or one that says nothing. */
export function readRoute(path: string): Route | undefined {
  try {
    const { baseUrl, model } = parseLine(readFileSync(path, "utf8")) ?? {};
    return typeof baseUrl === "string" && typeof model === "string" ? { baseUrl, model } : undefined;
  } catch {
    return undefined;
  }
}
