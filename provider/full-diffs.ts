import * as grpc from "@grpc/grpc-js";
import providerRpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import type { Diff } from "./diff.ts";

type Properties = Record<string, unknown>;

/** Compares on the wire: what was recorded as inputs, what as outputs, and what is wanted. */
export type Compare = (urn: string, oldInputs: Properties, olds: Properties, news: Properties) => Promise<Diff>;

type Done = (error: unknown, response?: InstanceType<typeof providerProto.DiffResponse>) => void;
type Call = { readonly request: InstanceType<typeof providerProto.DiffRequest> };

/**
 * Answers the engine's Diff calls with the changed properties by name. The SDK's own server, which answers all other calls,
 * passes on whether there are changes and what replaces, and drops the rest; a rotated secret would then not show in
 * a preview. To be called before that server starts.
 */
export function answerDiffsInFull(compare: Compare): void {
  const { addService } = grpc.Server.prototype;
  grpc.Server.prototype.addService = function (service, implementation) {
    if ((service as unknown) !== providerRpc.ResourceProviderService) {
      return addService.call(this, service, implementation);
    }
    const methods = implementation as Record<string, unknown>;
    methods.diff = ({ request }: Call, done: Done) => {
      const bag = (struct: { toJavaScript(): unknown } | undefined) => (struct?.toJavaScript() ?? {}) as Properties;
      compare(request.getUrn(), bag(request.getOldInputs()), bag(request.getOlds()), bag(request.getNews())).then(
        (diff) => done(undefined, diffResponse(diff)),
        (error: unknown) => {
          console.error(error);
          done(error);
        },
      );
    };
    return addService.call(this, service, implementation);
  };
}

/** A difference as the wire has it. */
export function diffResponse(diff: Diff): InstanceType<typeof providerProto.DiffResponse> {
  const response = new providerProto.DiffResponse();
  const { DIFF_SOME, DIFF_NONE } = providerProto.DiffResponse.DiffChanges;
  response.setChanges(diff.changes ? DIFF_SOME : DIFF_NONE);
  response.setReplacesList(diff.replaces);
  response.setDeletebeforereplace(diff.deleteBeforeReplace);
  response.setDiffsList(diff.changed);
  response.setHasdetaileddiff(diff.changes);
  for (const [path, { kind, replaces, input }] of Object.entries(diff.detail)) {
    const one = new providerProto.PropertyDiff();
    const kinds = providerProto.PropertyDiff.Kind;
    const [inPlace, replacing] = {
      add: [kinds.ADD, kinds.ADD_REPLACE],
      delete: [kinds.DELETE, kinds.DELETE_REPLACE],
      update: [kinds.UPDATE, kinds.UPDATE_REPLACE],
    }[kind] as [0, 1];
    one.setKind(replaces ? replacing : inPlace);
    one.setInputdiff(input);
    response.getDetaileddiffMap().set(path, one);
  }
  return response;
}
