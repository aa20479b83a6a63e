import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import engineRpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type { LogRequest, SetRootResourceRequest } from "@pulumi/pulumi/proto/engine_pb.js";
import pb from "@pulumi/pulumi/proto/engine_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import type { Diagnostic } from "./reporter.ts";

const severities = ["debug", "info", "warning", "error"] as const;

/** Pulumi's Engine service: takes the log lines of the program and of plugins. */
export async function serveEngine(report: (diagnostic: Diagnostic) => void): Promise<LoopbackServer> {
  let root = "";
  return LoopbackServer.start((server) =>
    server.addService(engineRpc.EngineService, {
      log: unary<LogRequest>((request) => {
        const urn = request.getUrn();
        const severity = severities[request.getSeverity()] ?? "info";
        report({ severity, message: request.getMessage(), ...(urn ? { urn } : {}), ephemeral: request.getEphemeral() });
        return new emptyPb.Empty();
      }),
      getRootResource: unary(() => {
        const response = new pb.GetRootResourceResponse();
        response.setUrn(root);
        return response;
      }),
      setRootResource: unary<SetRootResourceRequest>((request) => {
        root = request.getUrn();
        return new pb.SetRootResourceResponse();
      }),
      startDebugging: unary(() => new emptyPb.Empty()),
      requirePulumiVersion: unary(() => new pb.RequirePulumiVersionResponse()),
    }),
  );
}

/** A gRPC server on the loopback, on a port the system chooses. */
export class LoopbackServer {
  readonly address: string;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.address = `127.0.0.1:${port}`;
  }

  static async start(serve: (server: Server) => void): Promise<LoopbackServer> {
    const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
    serve(server);
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    return new LoopbackServer(server, port);
  }

  close(): void {
    this.#server.forceShutdown();
  }
}

/** A call with one request and one response, written as a function. */
export function unary<Request>(answer: (request: Request) => unknown | Promise<unknown>) {
  return async (call: ServerUnaryCall<Request, unknown>, done: sendUnaryData<unknown>): Promise<void> => {
    try {
      done(null, await answer(call.request));
    } catch (error) {
      done(error as Error, null);
    }
  };
}
