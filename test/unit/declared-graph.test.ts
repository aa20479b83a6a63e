import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { declare } from "../support/declared-graph.ts";

class Disk extends pulumi.CustomResource {}

test("the golden graphs show every option by which a resource could go, stay or be another", async () => {
  const options = {
    protect: true,
    retainOnDelete: true,
    deleteBeforeReplace: true,
    replaceOnChanges: ["size"],
    ignoreChanges: ["tags"],
    aliases: [{ name: "before" }, { type: "nemoclaw:host:Before" }, "urn:pulumi:s::p::a:b:Disk::long-before"],
    customTimeouts: { create: "5m" },
    import: "vol-1",
  };
  const [plain, all] = await declare(() => {
    new Disk("a:b:Disk", "plain", {});
    new Disk("a:b:Disk", "all", {}, options);
  });
  expect(plain).toMatchObject({ name: "plain", options: {} });
  expect(plain?.options).toEqual({});
  expect(all?.options).toEqual(options);
});
