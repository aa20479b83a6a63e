// Stands in for the turn client, for tests of the bridge alone. It writes down how it was called, then does what the message's
// first word says: `hold` waits until the test writes the file `release`, `fail` and `crash` fail, `long` answers at length.
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const folder = process.argv[2] ?? "";
const session = process.argv[3] ?? "";
const note = (facts: object) => appendFileSync(join(folder, "turns.jsonl"), `${JSON.stringify(facts)}\n`);

const chunks: Buffer[] = [];
for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
const stdin = Buffer.concat(chunks);
const text = stdin.toString("utf8");

note({ begun: session, base64: stdin.toString("base64"), argv: process.argv.slice(2), environment: process.env });

const word = text.split(/\s/)[0];
while (word === "hold" && !existsSync(join(folder, "release"))) await sleep(20);
if (word === "fail") {
  console.log(JSON.stringify({ error: { kind: "route", message: "the inference route refused" } }));
  process.exit(1);
}
if (word === "crash") {
  console.error("no such thing");
  process.exit(3);
}
const answer = word === "long" ? longText() : word === "empty" ? " \n" : `answer to: ${text}`;
note({ ended: session, base64: stdin.toString("base64") });
console.log(JSON.stringify({ text: answer, model: "stand-in", sessionId: session }));

function longText(): string {
  return Array.from(
    { length: 900 },
    (_, i) => `Sentence ${i} has an emoji 👩‍👩‍👧‍👦 in it.${i % 9 === 8 ? "\n\n" : " "}`,
  ).join("");
}
