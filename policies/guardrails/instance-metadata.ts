import { at, eachOf, type Guardrail, isKnown } from "./guardrail.ts";

/** A program on the machine cannot take the machine's cloud credentials by a simple request. */
export const instanceMetadata: Guardrail = {
  name: "instance-metadata-v2",
  rule: "EC2 machines answer only version 2 of the metadata service, one hop away",
  reason:
    "with version 1, anything on the machine that can be made to fetch a URL gives away the machine's credentials",
  wayOut: "none; version 2 with a hop limit of 1 is all that this project needs",
  check: eachOf(["aws:ec2/instance:Instance"], function* ({ props }) {
    const options = props.metadataOptions;
    if (!isKnown(options) || at(options, "httpEndpoint") === "disabled") return;
    const tokens = at(options, "httpTokens");
    if (tokens !== "required") {
      yield {
        path: "metadataOptions.httpTokens",
        message: `${JSON.stringify(tokens ?? "optional")}; expected "required"`,
      };
    }
    const hops = at(options, "httpPutResponseHopLimit");
    if (hops !== 1) {
      yield {
        path: "metadataOptions.httpPutResponseHopLimit",
        message: `${hops ?? "not set"}; expected 1, so that no container gets an answer`,
      };
    }
  }),
};
