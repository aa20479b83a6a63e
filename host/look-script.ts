import { quote } from "./command.ts";
import type { Answer } from "./question.ts";

/** Appended, not put first: what the machine's owner prefers comes first. */
export const searchPath = 'PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"; export PATH';

/**
 * One shell script that answers several questions in one go: for each a line `<mark> <n> <exit code> <base64 of the
 * output>`, and `<mark> done` at the end, so that an answer cut short is never taken for a whole one.
 */
export function lookScript(mark: string, scripts: readonly string[]): string {
  const asks = scripts.map((script, n) => `ask ${n} ${quote(script)}`);
  return `${searchPath}
LC_ALL=C; export LC_ALL
cd /
ask() {
  said=$( { ( eval "$2" ) </dev/null 2>/dev/null; echo ".$?"; } | base64 | tr -d '\\n' )
  printf '%s %s %s\\n' ${mark} "$1" "$said"
}
${asks.join("\n")}
echo ${mark} done
`;
}

/**
 * The answers in a look's output by their numbers; those that are missing were not reached.
 */
export function readAnswers(mark: string, output: string): { answers: Map<number, Answer>; done: boolean } {
  const answers = new Map<number, Answer>();
  let done = false;
  for (const line of output.split("\n")) {
    const [first, number = "", encoded] = line.split(" ");
    if (first !== mark) continue;
    if (number === "done") done = true;
    else if (encoded !== undefined) answers.set(Number(number), decode(encoded));
  }
  return { answers, done };
}

function decode(encoded: string): Answer {
  const text = Buffer.from(encoded, "base64").toString("utf8");
  // The script's own output ends where the dot and the exit code begin.
  const end = text.lastIndexOf(".");
  return { stdout: text.slice(0, end), exitCode: Number(text.slice(end + 1)) };
}
