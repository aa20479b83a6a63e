import { at, eachOf, type Guardrail, isKnown, listAt } from "./guardrail.ts";

/** Nothing of the agent's can be read off a disk that AWS hands to somebody else. Google encrypts every disk by itself. */
export const encryptedDisks: Guardrail = {
  name: "encrypted-disks",
  rule: "Every EBS volume is encrypted",
  reason: "the disks hold chats, code and credentials, and copies of them outlive the machine as snapshots",
  wayOut: "none; encryption costs nothing",
  check: eachOf(["aws:ec2/instance:Instance", "aws:ebs/volume:Volume"], function* ({ type, props }) {
    const message = "is not encrypted; expected true";
    if (type === "aws:ebs/volume:Volume") {
      if (isKnown(props.encrypted) && props.encrypted !== true) yield { path: "encrypted", message };
      return;
    }
    if (
      isKnown(props.rootBlockDevice) &&
      isKnown((props.rootBlockDevice as { encrypted?: unknown } | undefined)?.encrypted)
    ) {
      if (at(props, "rootBlockDevice", "encrypted") !== true) yield { path: "rootBlockDevice.encrypted", message };
    }
    for (const [index, device] of listAt(props, "ebsBlockDevices").entries()) {
      if (at(device, "encrypted") !== true) yield { path: `ebsBlockDevices[${index}].encrypted`, message };
    }
  }),
};
