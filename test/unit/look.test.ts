import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { quote } from "../../host/command.ts";
import { connectTo } from "../../host/pool.ts";
import type { Answer, Question } from "../../host/question.ts";
import { startFakeHost } from "../support/fake-host.ts";

const ask = (script: string): Question<Answer> => ({ script, parse: (answer) => answer });
const word = (script: string): Question<string> => ({ script, parse: ({ stdout }) => stdout.trim() });

describe("questions", () => {
  test("of twenty users travel in one round trip over one connection", async () => {
    await using fake = await startFakeHost();
    const looks = Array.from({ length: 20 }, async (_, n) => {
      const host = await fake.connect();
      return host.look({ name: word(`echo ${n}`), deep: { same: word("echo same") } });
    });
    const facts = await Promise.all(looks);
    expect(facts).toEqual(Array.from({ length: 20 }, (_, n) => ({ name: String(n), deep: { same: "same" } })));
    expect(fake.seen).toMatchObject({ connections: 1, handshakes: 1 });
    expect(fake.seen.lines).toHaveLength(1);
  });

  test("keep output and exit code apart, whatever they are, and cannot spoil each other", async () => {
    await using fake = await startFakeHost();
    const host = await fake.connect();
    const answers = await host.look({
      exit: ask("echo out; echo err >&2; exit 3"),
      empty: ask("false"),
      blank: ask("printf '\\n\\n. 9\\n'"),
      broken: ask("if then ("),
      greedy: ask("cat; echo done"),
      leaving: ask("cd /nowhere; x=1; set -e; false; echo not reached"),
      after: ask('echo "[$x]"; pwd'),
    });
    expect(answers).toEqual({
      exit: { stdout: "out\n", exitCode: 3 },
      empty: { stdout: "", exitCode: 1 },
      blank: { stdout: "\n\n. 9\n", exitCode: 0 },
      broken: { stdout: "", exitCode: 2 },
      greedy: { stdout: "done\n", exitCode: 0 },
      leaving: { stdout: "", exitCode: 1 },
      after: { stdout: "[]\n/\n", exitCode: 0 },
    });
  });

  test("are asked once until something is applied", async () => {
    await using fake = await startFakeHost();
    const host = await fake.connect();
    const other = await fake.connect();
    const counted = word(`echo x >>${fake.folder}/n; wc -l <${fake.folder}/n`);
    expect(await Promise.all([host.look(counted), other.look(counted)])).toEqual(["1", "1"]);
    expect(await other.look(counted)).toBe("1");
    await host.apply("change", [{ title: "change", script: "true" }]);
    expect(await other.look(counted)).toBe("2");
  });

  test("that failed are not kept", async () => {
    await using fake = await startFakeHost();
    const host = await fake.connect();
    const lost = host.look(word("sleep 600"));
    await expect.poll(() => fake.seen.open).toBe(1);
    fake.cut();
    await expect.poll(() => fake.seen.handshakes).toBe(2);
    // The second try is cut too, and then it is an error.
    fake.cut();
    await expect(lost).rejects.toMatchObject({ kind: "unreachable" });
    expect(await host.look(word("echo back"))).toBe("back");
  });

  test("survive a connection that died while idle", async () => {
    await using fake = await startFakeHost();
    const host = await fake.connect();
    expect(await host.look(word("echo one"))).toBe("one");
    fake.cut();
    expect(await host.look(word("echo two"))).toBe("two");
    expect(fake.seen.handshakes).toBe(2);
  });

  test("whose answer makes no sense say what was asked and answered", async () => {
    await using fake = await startFakeHost();
    const host = await fake.connect();
    const parse = () => {
      throw new Error("not a number");
    };
    await expect(host.look({ script: "echo many", parse })).rejects.toMatchObject({
      kind: "command",
      message: expect.stringMatching(/not a number[\s\S]*echo many[\s\S]*many/),
    });
  });

  test("end with a sudo that wants a password, and say what to do", async () => {
    await using fake = await startFakeHost({ sudo: "asks" });
    const host = await fake.connect();
    await expect(host.look(word("id -u"))).rejects.toMatchObject({
      kind: "sudo",
      message: expect.stringContaining("NOPASSWD"),
    });
    await expect(host.apply("x", [{ title: "x", script: "true" }])).rejects.toMatchObject({ kind: "sudo" });
    await expect(host.run({ title: "x", script: "true" })).rejects.toMatchObject({ kind: "sudo" });
  });

  test("need no sudo as root", async () => {
    await using fake = await startFakeHost({ sudo: "asks" });
    const host = await fake.connect({}, { user: "root" });
    expect(await host.look(word("echo root"))).toBe("root");
  });

  test("are left alone when cancelled", async () => {
    await using fake = await startFakeHost();
    const controller = new AbortController();
    const host = await fake.connect({ signal: controller.signal });
    const looking = host.look(word("sleep 600"));
    await expect.poll(() => fake.seen.open).toBe(1);
    controller.abort();
    await expect(looking).rejects.toMatchObject({ kind: "cancelled" });
    await expect(connectTo(fake.machine, { signal: controller.signal })).resolves.toBeDefined();
  });

  test("say any text", async () => {
    await using fake = await startFakeHost();
    const host = await fake.connect();
    const text = fc
      .string({ unit: "binary", maxLength: 40 })
      .filter((each) => !each.includes("\0") && each.isWellFormed());
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 5 }), async (texts) => {
        const said = await host.look(
          texts.map((each) => ask(`printf %s ${quote(each)}`)) as unknown as Question<Answer[]>,
        );
        expect(Object.values(said).map(({ stdout }) => stdout)).toEqual(texts);
      }),
      { numRuns: 40 },
    );
  });
});
