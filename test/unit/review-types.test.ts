import { describe, expect, test } from "vitest";
import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import { refuseOtherStack } from "../../review/preview/same-stack.ts";
import { verdictOf } from "../../review/report.ts";
import { type Planned, previewJson } from "../support/preview-fixture.ts";

const reviewed = (...planned: Planned[]) =>
  reportOfPreview({ stack: "prod", preview: readPreview(previewJson(planned), "it"), compared: "it" });

describe("a resource is told by its type, whatever its name looks like", () => {
  const names = [
    "x::pulumi:providers:y::z",
    "a$pulumi:pulumi:x::z",
    "pulumi:pulumi:Stack::z",
    "x$pulumi:providers:aws",
  ];
  test.each(names)("%s", (name) => {
    const administrator = { policyArn: "arn:aws:iam::aws:policy/AdministratorAccess", role: "r" };
    const attached = reviewed({
      type: "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
      name,
      after: administrator,
    });
    expect(attached.resources).toMatchObject([{ name, operation: "create" }]);
    expect(verdictOf(attached).exitCode).toBe(3);
    const gone = reviewed({ type: "aws:ebs/volume:Volume", name, before: { size: 5 } });
    expect(gone.resources).toMatchObject([{ name, operation: "delete" }]);
    expect(verdictOf(gone).exitCode).toBe(4);
  });

  test("a name like the stack's own is no stack", () => {
    const json = previewJson([{ type: "a:b:C", name: "pulumi:pulumi:Stack::z", after: { a: 1 } }]);
    const ofOther = json.replaceAll("urn:pulumi:prod::nemoclaw::a:b:C", "urn:pulumi:dev::other::a:b:C");
    const preview = readPreview(ofOther, "it");
    expect(() => refuseOtherStack(preview, { stack: "dev", project: "other" }, "it")).toThrow(
      "is a preview of stack prod",
    );
  });
});
