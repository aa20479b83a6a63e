import { at, eachOf, type Guardrail, isKnown } from "./guardrail.ts";

const exact = /^\d+\.\d+\.\d+(-[\w.]+)?$/;
const ami = /^ami-([0-9a-f]{8}|[0-9a-f]{17})$/;
const gcpImage = /(^|\/)projects\/[^/]+\/global\/images\/(?!family\/)[^/]+$/;

/** The same stack makes the same machine tomorrow. */
export const pinned: Guardrail = {
  name: "pinned-versions",
  rule: "Machine images, agents and container images are exact: an id, a version, a digest",
  reason: "a name that moves replaces a machine, or changes what runs on it, without anybody having decided so",
  wayOut: "none; scripts/lock and the stack file say how to find the exact one",
  check: eachOf(
    [
      "aws:ec2/instance:Instance",
      "gcp:compute/instance:Instance",
      "nemoclaw:host:Sandbox",
      "docker:index/container:Container",
    ],
    function* ({ type, props }) {
      const look = (path: string, value: unknown, right: RegExp, expected: string) =>
        isKnown(value) && value !== undefined && !right.test(String(value))
          ? [{ path, message: `${JSON.stringify(value)} is not exact; expected ${expected}` }]
          : [];
      if (type.startsWith("aws:")) yield* look("ami", props.ami, ami, "ami-…");
      if (type.startsWith("gcp:")) {
        const image = at(props, "bootDisk", "initializeParams", "image");
        yield* look("bootDisk.initializeParams.image", image, gcpImage, "projects/…/global/images/NAME");
      }
      if (type === "nemoclaw:host:Sandbox")
        yield* look("agent.version", at(props, "agent", "version"), exact, "a version such as 2026.9.6");
      if (type.startsWith("docker:")) yield* look("image", props.image, /@sha256:[0-9a-f]{64}$|^sha256:/, "…@sha256:…");
    },
  ),
};
