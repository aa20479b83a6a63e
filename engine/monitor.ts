import { status } from "@grpc/grpc-js";
import rpc from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import type {
  ReadResourceRequest,
  RegisterPackageRequest,
  RegisterResourceOutputsRequest,
  RegisterResourceRequest,
  ResourceCallRequest,
  ResourceInvokeRequest,
} from "@pulumi/pulumi/proto/resource_pb.js";
import pb from "@pulumi/pulumi/proto/resource_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import type { Deployment } from "./deployment.ts";
import { LoopbackServer, unary } from "./engine-service.ts";
import { refused } from "./errors.ts";
import { goalOf } from "./goal-request.ts";
import { fromStruct, toStruct } from "./struct.ts";

// Transforms and hooks are named as supported so that a program that uses one hears from us, by name, what to do.
const { ResourceMonitorFeature: feature } = pb;
const supported = [
  feature.RESOURCE_MONITOR_FEATURE_SECRETS,
  feature.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
  feature.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
  feature.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
  feature.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
  feature.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
  feature.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
  feature.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
  feature.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
  feature.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
];

/** Pulumi's ResourceMonitor service: what the program asks of the engine, turned into calls of a deployment. */
export async function serveMonitor(
  deployment: Deployment,
  about: { project: string; stack: string; dryRun: boolean; parallel: number },
): Promise<LoopbackServer> {
  const guard = <Request>(answer: (request: Request) => unknown) =>
    unary<Request>(async (request) => {
      try {
        return await answer(request);
      } catch (error) {
        if (!deployment.stopped) deployment.fail(error);
        // The SDK takes this code as "the engine is going" and ends the program without a word of its own.
        throw Object.assign(new Error("the engine is stopping"), { code: status.UNAVAILABLE });
      }
    });
  const refuse = (what: string) => guard(() => Promise.reject(refused(what)));

  return LoopbackServer.start((server) =>
    server.addService(rpc.ResourceMonitorService, {
      getDeploymentInfo: unary(() => {
        const info = new pb.DeploymentInfo();
        info.setProject(about.project);
        info.setStack(about.stack);
        info.setOrganization("organization");
        info.setDryrun(about.dryRun);
        info.setParallel(about.parallel);
        info.setSupportedfeaturesList(supported);
        return info;
      }),
      supportsFeature: unary(() => new pb.SupportsFeatureResponse()),
      registerResource: guard(async (request: RegisterResourceRequest) => {
        const state = await deployment.register(goalOf(request));
        const response = new pb.RegisterResourceResponse();
        response.setUrn(state.urn);
        response.setId(state.id ?? "");
        response.setObject(toStruct(state.outputs ?? {}));
        return response;
      }),
      registerResourceOutputs: guard((request: RegisterResourceOutputsRequest) => {
        deployment.registerOutputs(request.getUrn(), fromStruct(request.getOutputs()));
        return new emptyPb.Empty();
      }),
      invoke: guard((request: ResourceInvokeRequest) => Promise.reject(refused(`invokes (${request.getTok()})`))),
      call: guard((request: ResourceCallRequest) => Promise.reject(refused(`method calls (${request.getTok()})`))),
      readResource: guard((request: ReadResourceRequest) => {
        const what =
          request.getType() === "pulumi:pulumi:StackReference"
            ? "stack references"
            : "reading resources it does not manage";
        throw refused(`${what} (${request.getName()})`);
      }),
      registerPackage: guard((request: RegisterPackageRequest) =>
        Promise.reject(refused(`downloaded or parameterized packages (${request.getName()})`)),
      ),
      registerStackTransform: refuse("transforms"),
      registerStackInvokeTransform: refuse("invoke transforms"),
      registerResourceHook: refuse("resource hooks"),
      registerErrorHook: refuse("error hooks"),
      signalAndWaitForShutdown: unary(() => new emptyPb.Empty()),
    }),
  );
}
