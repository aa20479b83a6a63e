import { HostError, isCancelled } from "../host/errors.ts";
import { messageOf } from "./message-of.ts";
import { type StackStatus, stackScreen } from "./stack-status.ts";
import { plainText } from "./terminal-text.ts";

export interface StatusWatch {
  readonly stack: string;
  readonly json?: boolean;
  look(): Promise<StackStatus>;
  show(text: string): void;
  /** Between two looks. */
  pause(): Promise<void>;
}

/**
 * Looks again and again, until somebody interrupts it. What fails meanwhile is shown in the place of the screen: a machine, a
 * backend or a sandbox that is being made anew may be there at the next look, and what stays wrong stays in sight.
 *
 * @throws what the very first look throws, unless the machine does not answer: no such stack, a key that nobody accepts
 */
export async function watchStatus({ stack, json, look, show, pause }: StatusWatch): Promise<never> {
  for (let first = true; ; first = false) {
    const shown = await look().then(
      (status) => (json ? JSON.stringify({ stack, ...status }) : stackScreen(stack, status)),
      (error: unknown) => {
        if (isCancelled(error) || (first && !isUnreachable(error))) throw error;
        return json ? failureLine(stack, error) : plainText(`FAULT  ${messageOf(error)}\nlooked at ${now()}`);
      },
    );
    show(shown);
    await pause();
  }
}

function isUnreachable(error: unknown): boolean {
  return error instanceof HostError && error.kind === "unreachable";
}

function failureLine(stack: string, error: unknown): string {
  const [found, hint] =
    error instanceof HostError ? [error.details.summary, error.details.try] : messageOf(error).split(/\n {2}try {3}/);
  return JSON.stringify({ stack, lookedAt: now(), faults: [{ found, try: hint }] });
}

function now(): string {
  return new Date().toISOString();
}
