import { Deployment } from "./deployment.ts";
import { EngineError } from "./errors.ts";
import { serveMonitor } from "./monitor.ts";
import { runProgram } from "./program.ts";
import type { Run } from "./run.ts";
import type { Session } from "./session.ts";

/** Runs the program once against a deployment, and deletes in the end what it did not ask for. */
export async function passOver(run: Run, session: Session, options: { parallel?: number }): Promise<Deployment> {
  const deployment = new Deployment(run);
  // The SDK runs one operation at a time unless told another number; the real limit is the engine's.
  const parallel = Math.min(options.parallel ?? 10_000, 10_000);
  const monitor = await serveMonitor(deployment, { ...run.where, dryRun: run.dryRun, parallel });
  try {
    const wrong = await runProgram(session.open.project, {
      stack: run.where.stack,
      config: run.config,
      dryRun: run.dryRun,
      parallel,
      monitorAddress: monitor.address,
      engineAddress: session.engine.address,
      onLine: (message, stream) => {
        if (stream === "stdout" || !deployment.stopped) run.report.diagnostic({ severity: "info", message });
      },
      onStart: session.onStart,
      cancelled: run.cancelled,
    });
    await deployment.idle();
    if (wrong !== undefined && !deployment.stopped) {
      if (wrong === "") deployment.failures.push(new EngineError("the program failed"));
      else deployment.fail(new EngineError(wrong));
    }
    await deployment.finish();
    return deployment;
  } finally {
    monitor.close();
  }
}
