import { type Engine, findEngine } from "../../scripts/engine-choice.ts";

/** This project's own engine. */
export async function embeddedEngine(): Promise<Engine> {
  return forcing("embedded", () => findEngine());
}

/** The real Pulumi CLI of this computer, on PATH or in `~/.pulumi`; `undefined` where there is none. */
export async function realCli(): Promise<Engine | undefined> {
  const engine = await forcing(undefined, () => findEngine({ download: false })).catch(() => undefined);
  return engine?.kind === "cli" ? engine : undefined;
}

async function forcing<T>(kind: "embedded" | undefined, find: () => Promise<T>): Promise<T> {
  const before = process.env.NEMOCLAW_ENGINE;
  const set = (value: string | undefined) => {
    if (value === undefined) delete process.env.NEMOCLAW_ENGINE;
    else process.env.NEMOCLAW_ENGINE = value;
  };
  set(kind);
  try {
    return await find();
  } finally {
    set(before);
  }
}
