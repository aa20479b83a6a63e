import * as grpc from "@grpc/grpc-js";
import engineRpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineProto from "@pulumi/pulumi/proto/engine_pb.js";

/** A line about one resource: progress, shown beside it while it is worked on, or a warning, which stays. */
export type LogProgress = (urn: string, message: string, kind?: "progress" | "warning") => void;

/** Sends progress to the engine that started this plugin. Without one (a test), it goes to standard error. */
export function engineLog(address: string | undefined): LogProgress {
  if (!address) return (urn, message) => process.stderr.write(`${urn.split("::").at(-1)}: ${message}\n`);
  const engine = new engineRpc.EngineClient(address, grpc.credentials.createInsecure());
  return (urn, message, kind = "progress") => {
    const request = new engineProto.LogRequest();
    request.setSeverity(kind === "warning" ? engineProto.LogSeverity.WARNING : engineProto.LogSeverity.INFO);
    request.setMessage(message);
    request.setUrn(urn);
    request.setEphemeral(kind === "progress");
    // Progress that cannot be shown is no reason to stop the work.
    engine.log(request, () => {});
  };
}
