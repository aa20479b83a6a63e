import type { Alphabet } from "./alphabet.ts";
import type { Automaton } from "./automaton.ts";

/** A set of texts that all given automata treat alike. */
export interface Part {
  /** Which automata accept these texts, in the order they were given. */
  readonly accepted: readonly boolean[];
  /** The shortest of them. */
  readonly example: string;
}

const mostStates = 60_000;

/**
 * Parts all texts of an alphabet by which automata accept them; parts without any text are left out. This is exact: two texts
 * of one part cannot be told apart by any of the automata.
 *
 * @returns undefined when that would take more than a bounded number of states
 */
export function partition(automata: readonly Automaton[], alphabet: Alphabet): Part[] | undefined {
  const kinds = characterKinds(automata, alphabet);
  const machines = automata.map((automaton) => new Deterministic(automaton, kinds));
  const found = new Map<string, Part>();
  const seen = new Set<string>();
  let edge = [{ valid: 0, states: machines.map(() => 0), text: "" }];
  while (edge.length > 0) {
    const next: typeof edge = [];
    for (const { valid, states, text } of edge) {
      if (alphabet.ends(valid)) {
        const accepted = machines.map((machine, index) => machine.accepts(states[index] ?? 0));
        const key = accepted.join();
        if (!found.has(key)) found.set(key, { accepted, example: text });
      }
      for (const [index, character] of kinds.entries()) {
        const after = alphabet.step(valid, alphabet.kind(character));
        if (after === undefined) continue;
        const moved = machines.map((machine, at) => machine.step(states[at] ?? 0, index));
        const key = `${after}:${moved.join()}`;
        if (seen.has(key)) continue;
        if (seen.size >= mostStates) return undefined;
        seen.add(key);
        next.push({ valid: after, states: moved, text: text + character });
      }
    }
    edge = next;
  }
  return [...found.values()];
}

// One character for each set that neither the automata nor the alphabet tell apart.
function characterKinds(automata: readonly Automaton[], alphabet: Alphabet): string[] {
  const sets = new Set(automata.flatMap(({ edges }) => edges.flat().map(({ on }) => on)));
  const wanted = new Set<string>();
  const classes = [...sets].filter((on) => {
    if (!("wanted" in on)) return true;
    wanted.add(String(on.wanted));
    return false;
  });
  const kinds = new Map<string, string>();
  for (const character of alphabet.characters) {
    const own = wanted.has(character) ? character : "";
    const key = `${own} ${alphabet.kind(character)} ${classes.map((on) => (on(character) ? 1 : 0)).join("")}`;
    if (!kinds.has(key)) kinds.set(key, character);
  }
  return [...kinds.values()];
}

class Deterministic {
  readonly #automaton: Automaton;
  readonly #characters: readonly string[];
  readonly #sets: number[][] = [];
  readonly #numbers = new Map<string, number>();
  readonly #steps: (number | undefined)[][] = [];

  constructor(automaton: Automaton, characters: readonly string[]) {
    this.#automaton = automaton;
    this.#characters = characters;
    this.#numberOf([0]);
  }

  accepts(state: number): boolean {
    return this.#sets[state]?.includes(this.#automaton.accept) ?? false;
  }

  step(state: number, character: number): number {
    const steps = this.#steps[state] ?? [];
    const known = steps[character];
    if (known !== undefined) return known;
    const read = this.#characters[character] ?? "";
    const reached = (this.#sets[state] ?? []).flatMap((from) =>
      (this.#automaton.edges[from] ?? []).filter(({ on }) => on(read)).map(({ to }) => to),
    );
    const to = this.#numberOf(reached);
    steps[character] = to;
    return to;
  }

  #numberOf(states: readonly number[]): number {
    const all = new Set<number>();
    const open = [...states];
    for (let state = open.pop(); state !== undefined; state = open.pop()) {
      if (all.has(state)) continue;
      all.add(state);
      open.push(...(this.#automaton.silent[state] ?? []));
    }
    const sorted = [...all].sort((a, b) => a - b);
    const key = sorted.join();
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#sets.push(sorted);
    this.#steps.push([]);
    this.#numbers.set(key, this.#sets.length - 1);
    return this.#sets.length - 1;
  }
}
