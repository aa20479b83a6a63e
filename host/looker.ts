import { randomBytes } from "node:crypto";
import type { Connection, ExecResult } from "./connection.ts";
import { HostError } from "./errors.ts";
import { lookScript, readAnswers } from "./look-script.ts";
import { LookShell } from "./look-shell.ts";
import type { Answer, Question, Questions } from "./question.ts";
import { checkSudo, rootShell } from "./root.ts";

/** Long enough for the resources of one machine to ask, short enough not to be felt. */
const gatherMs = 15;
const timeoutSeconds = 90;

type OnOutput = (chunk: string, stream: "stdout" | "stderr") => void;

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** Asks a machine questions: many in one round trip, each only once until `forget`. */
export class Looker {
  readonly #connect: () => Promise<Connection>;
  readonly #user: string;
  readonly #known = new Map<string, Promise<Answer>>();
  #gathered = new Map<string, Waiting>();
  #shell: LookShell | undefined;

  constructor(connect: () => Promise<Connection>, user: string) {
    this.#connect = connect;
    this.#user = user;
  }

  /** Answers questions in the shape they were asked in. */
  async look<F>(questions: Questions<F>): Promise<F> {
    if (isQuestion(questions)) return this.#parse(questions as Question<F>);
    const entries = Object.entries(questions as Record<string, Questions<unknown>>);
    const facts = await Promise.all(entries.map(async ([key, each]) => [key, await this.look(each)] as const));
    return Object.fromEntries(facts) as F;
  }

  /** Drops what is known: something on the machine may have changed. */
  forget(): void {
    this.#known.clear();
  }

  async #parse<T>({ script, parse }: Question<T>): Promise<T> {
    const answer = await this.#ask(script);
    try {
      return parse(answer);
    } catch (cause) {
      throw new HostError("command", {
        summary: `an answer of ${this.#user}'s machine could not be read: ${(cause as Error).message}`,
        ran: script,
        exitCode: answer.exitCode,
        said: answer.stdout,
        cause,
      });
    }
  }

  #ask(script: string): Promise<Answer> {
    const known = this.#known.get(script);
    if (known) return known;
    const asked = new Promise<Answer>((resolve, reject) => {
      if (this.#gathered.size === 0) setTimeout(() => void this.#send(), gatherMs);
      this.#gathered.set(script, { resolve, reject });
    });
    this.#known.set(script, asked);
    // A failure is told to those who asked and never kept.
    asked.catch(() => {
      if (this.#known.get(script) === asked) this.#known.delete(script);
    });
    return asked;
  }

  async #send(): Promise<void> {
    const batch = [...this.#gathered];
    this.#gathered = new Map();
    try {
      const answers = await this.#exchange(batch.map(([script]) => script));
      for (const [n, [, { resolve }]] of batch.entries()) resolve(answers.get(n) as Answer);
    } catch (error) {
      for (const [, { reject }] of batch) reject(error);
    }
  }

  async #exchange(scripts: readonly string[], again = true): Promise<Map<number, Answer>> {
    const connection = await this.#connect();
    try {
      return await this.#over(connection, scripts);
    } catch (error) {
      // Looking changes nothing, so it may be done twice: the machine may have rebooted under an idle connection.
      if (again && connection.closed) return this.#exchange(scripts, false);
      throw error;
    }
  }

  async #over(connection: Connection, scripts: readonly string[]): Promise<Map<number, Answer>> {
    const mark = `look-${randomBytes(6).toString("hex")}`;
    let heard = "";
    const reached = () => scripts[readAnswers(mark, heard).answers.size];
    const onOutput = (chunk: string, stream: string) => {
      if (stream === "stdout") heard += chunk;
    };
    let result: ExecResult;
    try {
      result = await this.#run(connection, mark, lookScript(mark, scripts), onOutput);
    } catch (cause) {
      if (!(cause instanceof HostError && cause.kind === "timeout")) throw cause;
      throw new HostError("timeout", {
        summary: `${connection.where} did not answer a question within ${timeoutSeconds} s`,
        ran: reached(),
        try: "run it on the machine to see what it waits for",
        cause,
      });
    }
    const { answers, done } = readAnswers(mark, result.stdout);
    if (done && answers.size === scripts.length) return answers;
    checkSudo(connection, this.#user, result);
    throw new HostError("command", {
      summary: `${connection.where} answered ${answers.size} of ${scripts.length} questions`,
      ran: reached(),
      exitCode: result.exitCode,
      said: result.stderr || result.stdout,
      try: `check that ${this.#user} can run \`sh\` on the machine: ssh ${connection.where} sh -c true`,
    });
  }

  #run(connection: Connection, mark: string, script: string, onOutput: OnOutput): Promise<ExecResult> {
    if (this.#shell?.connection !== connection) this.#shell = new LookShell(connection, this.#user);
    if (!this.#shell.busy) return this.#shell.run(mark, script, timeoutSeconds, onOutput);
    const line = rootShell(this.#user, timeoutSeconds + 5);
    return connection.exec(line, { stdin: script, timeoutSeconds, onOutput });
  }
}

function isQuestion(questions: object): boolean {
  return "parse" in questions && typeof questions.parse === "function";
}
