import { describe, expect, test } from "vitest";
import { verdictOf } from "../../review/report.ts";
import type { Planned } from "../support/preview-fixture.ts";
import { reviewed } from "../support/reviewed.ts";

type Inputs = Record<string, unknown>;
const vm = "gcp:compute/instance:Instance";

describe("a secret that the preview names as another one", () => {
  const changed = (type: string, inputs: Inputs, ...detail: string[]): Planned => ({
    ...{ type, name: "one", before: inputs, after: inputs },
    ...{ diffReasons: detail, detail },
  });
  const rule = { ipProtocol: "tcp", fromPort: 22, toPort: 22, cidrIpv4: "[secret]" };
  const metadata = { metadata: { "user-data": "[secret]" } };
  test.each<[string, Planned, string[]]>([
    [
      "a policy",
      changed("aws:iam/rolePolicy:RolePolicy", { policy: "[secret]" }, "policy"),
      ["policy of RolePolicy one"],
    ],
    [
      "a range",
      changed("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", rule, "cidrIpv4"),
      ["cidrIpv4 of SecurityGroupIngressRule one"],
    ],
    ["a command", changed("command:remote:Command", { create: "[secret]" }, "create"), ["create of Command one"]],
    ["metadata", changed(vm, metadata, 'metadata["user-data"]'), ["metadata.user-data of machine one"]],
    [
      "beside another change",
      {
        ...changed("aws:iam/rolePolicy:RolePolicy", { policy: "[secret]" }, "policy", "tags.a"),
        after: { policy: "[secret]", tags: { a: "b" } },
      },
      ["policy of RolePolicy one"],
    ],
    [
      "where a model is",
      changed("nemoclaw:host:InferenceRoute", { baseUrl: "[secret]" }, "baseUrl"),
      ["baseUrl of inference route one"],
    ],
    ["a model's key", changed("nemoclaw:host:InferenceRoute", { key: "[secret]" }, "key"), []],
    [
      "what lets a command in",
      changed(
        "command:remote:Command",
        { connection: "[secret]" },
        "connection.privateKey",
        "connection.proxy.password",
      ),
      [],
    ],
    [
      "such a part alone, which the preview does not name",
      changed("command:remote:Command", {
        connection: { host: "a", hostKey: "ssh-ed25519 A", privateKey: "[secret]" },
      }),
      [],
    ],
    [
      "where a command runs",
      changed("command:remote:Command", { connection: "[secret]" }, "connection.host", "connection.privateKey"),
      ["connection of Command one"],
    ],
    [
      "how that is known",
      changed("command:remote:Command", { connection: "[secret]" }, "connection.hostKey"),
      ["connection of Command one"],
    ],
    [
      "how a command comes there",
      changed("command:remote:Command", { connection: "[secret]" }, "connection.proxy.host"),
      ["connection of Command one"],
    ],
    [
      "what of that is not named",
      changed("command:remote:Command", { connection: "[secret]" }, "connection"),
      ["connection of Command one"],
    ],
    [
      "the same of a command that the components make",
      {
        ...changed("command:remote:Command", { connection: "[secret]" }, "connection.host"),
        parent: "nemoclaw:index:SiteCommands",
      },
      [],
    ],
    [
      "what a command reads",
      changed("command:remote:Command", { connection: "[secret]", stdin: "[secret]" }, "stdin"),
      [],
    ],
    [
      "a size, and not the secret beside it",
      { ...changed(vm, metadata, "machineType"), after: { ...metadata, machineType: "g2" } },
      [],
    ],
  ])("%s", (_, planned, whats) => {
    const report = reviewed(planned);
    expect(report.unjudged.map(({ what, after, effect }) => [what, after, effect])).toEqual(
      whats.map((what) => [what, "another secret", "unclear"]),
    );
    expect(verdictOf(report).exitCode).toBe(whats.length > 0 ? 3 : 2);
  });
});
