import { HostError } from "../errors.ts";
import type { Question } from "../question.ts";

export const settingsPath = "/etc/docker/daemon.json";

/** `undefined` when there is no such file. */
export const readSettings: Question<string | undefined> = {
  script: `cat ${settingsPath}`,
  parse: ({ stdout, exitCode }) => (exitCode === 0 ? stdout : undefined),
};

export interface SettingsWants {
  /** Whether containers get GPUs: Docker before 28.2 knows CDI and has it off. @default false */
  readonly gpus?: boolean;
  /** Whether the daemon belongs to a swarm, which live-restore keeps from starting. @default false */
  readonly swarm?: boolean;
}

/**
 * The settings that a Docker of ours needs on a machine that runs for months: containers outlive a restart of the daemon, and
 * their logs do not fill the disk. What a site has chosen itself stays as it is.
 *
 * @returns the new content, or `undefined` when nothing is missing
 * @throws HostError `foreign` when the file cannot be read as JSON, because writing it anew would lose a site's settings
 */
export function settingsWanted(
  current: string | undefined,
  { gpus = false, swarm = false }: SettingsWants = {},
): string | undefined {
  const found = parse(current);
  const wanted: Record<string, unknown> = { ...(swarm ? {} : { "live-restore": true }), ...found };
  const driver = found["log-driver"] ?? "json-file";
  if (driver === "json-file" || driver === "local") {
    const options = isRecord(found["log-opts"]) ? found["log-opts"] : {};
    wanted["log-driver"] = driver;
    wanted["log-opts"] = { "max-size": "10m", "max-file": "3", ...options };
  }
  if (gpus) wanted.features = { cdi: true, ...(isRecord(found.features) ? found.features : {}) };
  if (isSame(found, wanted)) return undefined;
  return `${JSON.stringify(wanted, undefined, 2)}\n`;
}

/** Whether the file is one that we wrote and nobody has touched. */
export function hasOurSettings(current: string | undefined): boolean {
  return current !== undefined && [false, true].some((gpus) => current === settingsWanted(undefined, { gpus }));
}

/** Whether containers run on while a daemon with these settings restarts. */
export function keepsContainers(settings: string | undefined): boolean {
  return parse(settings)["live-restore"] === true;
}

function parse(text: string | undefined): Record<string, unknown> {
  if (!text?.trim()) return {};
  let said = "it holds something else than a JSON object";
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch (error) {
    said = error instanceof Error ? error.message : String(error);
  }
  throw new HostError("foreign", {
    summary: `${settingsPath} on the machine cannot be read, so Docker's settings cannot be added to it`,
    said,
    try: "mend or remove that file on the machine, then run `up` again",
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSame(found: Record<string, unknown>, wanted: Record<string, unknown>): boolean {
  const text = (value: unknown): string =>
    isRecord(value)
      ? `{${Object.keys(value)
          .sort()
          .map((key) => `${JSON.stringify(key)}:${text(value[key])}`)
          .join()}}`
      : JSON.stringify(value);
  return text(found) === text(wanted);
}
