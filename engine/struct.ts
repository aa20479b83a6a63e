import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import type { Properties } from "./values.ts";

/** Properties in the form they travel in. */
export function toStruct(properties: Properties): Struct {
  return structPb.Struct.fromJavaScript(properties);
}

/** Properties as they came; an absent bag is an empty one. */
export function fromStruct(struct: Struct | undefined): Properties {
  return (struct?.toJavaScript() ?? {}) as Properties;
}
