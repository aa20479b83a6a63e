import { describe, expect, test } from "vitest";
import type { Question } from "../../host/question.ts";
import { embedded } from "../../host/runtimes/embedded/runtime.ts";
import type { SandboxReport } from "../../host/runtimes/operations.ts";
import { someMachine } from "../support/some-machine.ts";

const { operations } = embedded;

describe("what people do with a sandbox of the embedded runtime", () => {
  test("it goes down from the agent to the gate, and up again the other way", () => {
    const { down, up } = operations.power("main", someMachine.owner);
    const now = (...states: string[]) =>
      (down.facts as Question<unknown>).parse({ stdout: states.join("\n"), exitCode: 0 });
    const stopped = (...states: string[]) => units(down.plan(now(...states))[0]?.script);
    const units = (text = "") => [...text.matchAll(/^(?:systemctl stop --|start) (\S+)$/gm)].map(([, unit]) => unit);
    const order = ["gate", "route", "sandbox"].map((part) => `nemoclaw-${part}@main.service`);
    expect(units(up.plan({})[0]?.script)).toEqual(order);
    expect(stopped("active", "activating", "active")).toEqual(order.toReversed());
    expect(stopped("inactive", "active", "failed")).toEqual([order[1]]);
    expect(down.plan(now("inactive", "failed", "inactive"))).toEqual([]);
    // What nobody told of may run.
    expect(stopped("")).toEqual(order.toReversed());
  });

  test("a command inside is words to the end, and gets a terminal only where there is one", () => {
    const plain = operations.attach("main", ["sh", "-c", "echo '$x'"], false);
    expect(plain.slice(-4)).toEqual(["--", "sh", "-c", "echo '$x'"]);
    expect(plain).not.toContain("--terminal");
    expect(operations.attach("main", ["bash"], true)).toContain("--terminal");
  });

  describe("its report", () => {
    const { parse } = operations.report("main", someMachine.owner) as Question<SandboxReport>;
    const said = (...texts: string[]) =>
      parse({ stdout: texts.map((text) => `${Buffer.from(text).toString("base64")}\n`).join(""), exitCode: 0 });

    test("has what each service says of itself", () => {
      const agent = {
        ready: true,
        agentVersion: "2026.9.6",
        agentPid: 7,
        startedAt: "t",
        lastModel: "m",
        lastModelAt: "u",
      };
      const report = said(
        JSON.stringify(agent),
        "abc  /etc/nemoclaw/main/policy.json\n",
        '{"policySha256":"abc"}',
        '{"model":"m"}',
      );
      expect(report).toEqual({
        agent: { ready: true, version: "2026.9.6", pid: 7, startedAt: "t", lastModel: "m", lastModelAt: "u" },
        model: "m",
        policy: { file: "abc", inForce: "abc" },
        errors: [],
      });
    });

    test("leaves out what does not answer", () => {
      const down = { error: { kind: "agent-down", message: "no" } };
      expect(said(JSON.stringify(down), "", "", "nonsense")).toEqual({ policy: {}, errors: [] });
    });

    test("says what was refused", () => {
      const { errors } = said("", "", '{"error":"line 3"}', '{"error":"no model"}');
      expect(errors).toEqual(["the gate refused a policy: line 3", "the route refused a configuration: no model"]);
    });
  });
});
