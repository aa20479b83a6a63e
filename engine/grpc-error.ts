import { type ServiceError, status } from "@grpc/grpc-js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import statusPb from "@pulumi/pulumi/proto/status_pb.js";
import { fromStruct } from "./struct.ts";
import type { Properties } from "./values.ts";

/** A thing that is there but not well: what a provider says when it failed half-way. */
export interface InitFailure {
  readonly id: string;
  readonly outputs: Properties;
  readonly inputs?: Properties;
  readonly reasons: readonly string[];
  readonly message: string;
}

/** The half-way failure an error carries, if it does. */
export function initFailure(error: unknown): InitFailure | undefined {
  const { metadata, message, details: text } = error as ServiceError;
  const [packed] = metadata?.get("grpc-status-details-bin") ?? [];
  if (packed === undefined) return undefined;
  for (const detail of statusPb.Status.deserializeBinary(packed as Buffer).getDetailsList()) {
    if (!detail.getTypeUrl().endsWith("pulumirpc.ErrorResourceInitFailed")) continue;
    const failed = pb.ErrorResourceInitFailed.deserializeBinary(detail.getValue_asU8());
    return {
      id: failed.getId(),
      outputs: fromStruct(failed.getProperties()),
      ...(failed.hasInputs() ? { inputs: fromStruct(failed.getInputs()) } : {}),
      reasons: failed.getReasonsList(),
      message: text || message,
    };
  }
  return undefined;
}

/** True when the other side went away in the middle, so that nobody knows what it did. */
export function isConnectionLoss(error: unknown): boolean {
  const { code } = error as ServiceError;
  return code === status.UNAVAILABLE || code === status.CANCELLED || code === status.INTERNAL;
}
