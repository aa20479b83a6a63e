import { createHash } from "node:crypto";
import { type Command, quote } from "./command.ts";
import { HostError } from "./errors.ts";
import type { Host } from "./host.ts";
import type { Question } from "./question.ts";
import { ensure, type Kept, type Step } from "./step.ts";

/** How one knows that what runs works: a turn of the agent, a status. Must change nothing that we manage. */
export interface Health {
  /** `the agent answers a turn` */
  readonly what: string;
  readonly command: Command;
}

/** What was kept by a run that did not come to its end stays, and the next puts it back where what is wanted by then does not work. */
export const keptFolder = "/var/lib/nemoclaw/upgrades";

/**
 * Makes a step true, like `ensure`. Where its plan puts another version in the place of one that runs, the services are tried
 * afterwards, and what ran before is put back when one of them does not start, or does not do something that it did before.
 * The new version stays beside it. What a run kept that was cut off is treated the same: what is wanted now is made and tried, which
 * is the trial alone where all is so already, and only where that fails is it put back, unless it fails in the same way.
 *
 * @throws HostError of kind `switched-back` with the reason, when the machine is as it was before
 *
 * @example
 * await ensureOrSwitchBack(host, step, [answersTurn("main")]);
 */
export async function ensureOrSwitchBack<F>(host: Host, step: Step<F>, health: readonly Health[]): Promise<F> {
  const keep = keepOf(step);
  if (!keep) return ensure(host, step);
  const { facts, standing } = await host.look({ facts: step.facts, standing: keep.facts });
  const isUpgrade = step.replaces?.(facts) === true && standing.running;
  if (!isUpgrade && !standing.left) return ensure(host, step);
  // A plan that refuses what it finds has nothing to be switched back from.
  step.plan(facts);

  // What does not work now, for whatever reason, is no measure for the new version; what does is, each for itself.
  const broken: string[] = [...standing.broken];
  // Nobody knows how far an earlier run came, so what it kept is not replaced by what runs now: that is known to have worked.
  if (!standing.left) {
    for (const each of health) if ((await works(host, each)) !== true) broken.push(each.what);
    await host.apply(`keep what runs now of ${step.name}`, [keep.now(broken)]);
  }
  const worked = health.filter(({ what }) => !broken.includes(what));
  let lost: Broken | undefined;
  try {
    const after = await ensure(host, step);
    lost = await firstBroken(host, worked);
    if (lost) throw new HostError("command", { summary: `${lost.tried.what}: not any more`, said: lost.said });
    await host.apply(`the upgrade of ${step.name} is done`, [keep.forget]);
    return after;
  } catch (error) {
    if (!(error instanceof HostError) || isLost(error)) throw error;
    if (standing.left) await switchBackIfBetter(host, step, keep, error, lost?.tried);
    else await switchBack(host, step.name, [keep.putBack, keep.forget], error);
    const again = await firstBroken(host, worked);
    throw new HostError("switched-back", {
      summary: `the upgrade of ${step.name} failed on ${host.machine.address}, and what ran before it runs again`,
      said:
        again === undefined
          ? error.message
          : `${error.message}\nand what ran before does not work any more either: ${again.said}`,
      try: "the reason is above; nothing of it is in force, and `up` tries it again",
      cause: error,
    });
  }
}

/**
 * The same of services that are stopped on purpose, which cannot be tried: nothing is switched back, and what an earlier run had kept that
 * was cut off is dropped, as the new version is what is started next.
 */
export async function ensureUntried<F>(host: Host, step: Step<F>): Promise<F> {
  const keep = keepOf(step);
  if (!keep) return ensure(host, step);
  const { standing } = await host.look({ facts: step.facts, standing: keep.facts });
  const after = await ensure(host, step);
  if (standing.left) await host.apply(`drop what ran before an upgrade of ${step.name} was cut off`, [keep.forget]);
  return after;
}

/** Whether what ran before an upgrade is still kept, because the run was cut off; undefined of what is not upgraded so. */
export function cutOffFacts({ name, kept }: Pick<Step<unknown>, "name" | "kept">): Question<boolean> | undefined {
  const facts = keepOf({ name, kept })?.facts;
  return facts && { ...facts, parse: (answer) => facts.parse(answer).left };
}

function keepOf({ name, kept }: Pick<Step<unknown>, "name" | "kept">): Keep | undefined {
  return kept && kept.units.length > 0 ? new Keep(name, kept) : undefined;
}

/**
 * Puts back what a run kept that was cut off, perhaps days ago, and forgets it where that works. Where it fails in the same way, what is
 * wanted is not to blame but something that both need, such as a model's provider that is away: what was taken away since then must
 * not come back for that, so what is wanted is made again, and what was kept stays for the run that can tell.
 *
 * @param lost what did not work any more; nothing where what is wanted could not even be made
 * @throws HostError with both reasons, where neither works
 */
async function switchBackIfBetter<F>(
  host: Host,
  step: Step<F>,
  keep: Keep,
  reason: HostError,
  lost: Health | undefined,
): Promise<void> {
  const said = await host.apply(`switch ${step.name} back`, [keep.putBack]).then(
    () => (lost ? works(host, lost) : true),
    (error: unknown) => {
      if (!(error instanceof HostError) || isLost(error)) throw error;
      return error.message;
    },
  );
  if (said === true) {
    await host.apply(`${step.name} is switched back`, [keep.forget]);
    return;
  }
  const left = await ensure(host, step).then(
    () => "what is wanted is in force",
    (error: unknown) => {
      if (!(error instanceof HostError) || isLost(error)) throw error;
      return "what is wanted is in force as far as it could be made";
    },
  );
  throw new HostError("command", {
    summary: `neither what is wanted of ${step.name} nor what ran before it works on ${host.machine.address}; ${left}`,
    said: `${reason.message}\nand what ran before, put back to be tried: ${said}`,
    try: "see what both need, such as the model's provider; once it is there, run `up` again: what ran before is kept until one of them works",
    cause: reason,
  });
}

async function switchBack(host: Host, name: string, commands: readonly Command[], reason: HostError): Promise<void> {
  try {
    await host.apply(`switch ${name} back`, commands);
  } catch (error) {
    if (!(error instanceof HostError) || isLost(error)) throw error;
    throw new HostError("command", {
      summary: `the upgrade of ${name} failed on ${host.machine.address}, and what ran before it could not be put back`,
      said: `${reason.message}\n${error.message}`,
      try: "look at the units' journal on the machine, then run `up` again: it tries what is wanted once more, and then puts back what ran before",
      cause: error,
    });
  }
}

// Nobody can be asked any more: what was kept stays for the next run.
function isLost({ kind }: HostError): boolean {
  return kind === "unreachable" || kind === "cancelled" || kind === "locked";
}

interface Broken {
  readonly tried: Health;
  readonly said: string;
}

async function firstBroken(host: Host, health: readonly Health[]): Promise<Broken | undefined> {
  for (const tried of health) {
    const said = await works(host, tried);
    if (said !== true) return { tried, said };
  }
  return undefined;
}

/** `true`, or what it said; what does not answer in its time does not work. */
async function works(host: Host, { command }: Health): Promise<true | string> {
  try {
    const { exitCode, stdout, stderr } = await host.run(command);
    return exitCode === 0 ? true : `${stdout}${stderr}`.trim() || `exit ${exitCode}`;
  } catch (error) {
    if (error instanceof HostError && error.kind === "timeout") return error.message;
    throw error;
  }
}

interface Standing {
  /** Whether a run that was cut off has left what it kept. */
  readonly left: boolean;
  readonly running: boolean;
  /** What did not work when that was kept, by its own words. */
  readonly broken: readonly string[];
}

/** What ran before an upgrade, copied aside on the machine. */
class Keep {
  readonly facts: Question<Standing>;
  readonly #folder: string;
  readonly #all: string;
  readonly #services: string;
  readonly putBack: Command;
  readonly forget: Command;

  constructor(name: string, { paths, makers = [], units }: Kept) {
    const folder = `${keptFolder}/${createHash("sha256").update(name).digest("hex").slice(0, 16)}`;
    const home = quote(folder);
    const [all = "", scripts, services = ""] = [paths, makers, units].map((words) => words.map(quote).join(" "));
    [this.#folder, this.#all, this.#services] = [home, all, services];
    this.facts = {
      script: `test -d ${home} && echo left
test ! -f ${home}/broken || sed 's/^/broken: /' ${home}/broken
for unit in ${services}; do systemctl -q is-active -- "$unit" && echo running; done
for maker in ${scripts}; do test -f "$maker" || echo unmade; done
:`,
      // What has no maker yet was made by an older release of ours, and cannot be made again.
      parse({ stdout }) {
        const lines = stdout.split("\n");
        return {
          left: lines.includes("left"),
          running: lines.includes("running") && !lines.includes("unmade"),
          broken: lines.flatMap((line) => (line.startsWith("broken: ") ? [line.slice("broken: ".length)] : [])),
        };
      },
    };
    // Only what has changed is put back, so that a download that failed restarts nothing.
    this.putBack = {
      title: "put back what ran before",
      script: `home=${home}
changed=no
for path in ${all}; do
  old="$home$path"
  if test -L "$old"; then
    test -L "$path" && test "$(readlink "$path")" = "$(readlink "$old")" && continue
  elif test -f "$old"; then
    test -f "$path" && ! test -L "$path" && cmp -s "$old" "$path" && continue
  else
    test -L "$path" || test -f "$path" || continue
    rm -f "$path"
    changed=yes
    continue
  fi
  cp -a "$old" "$path.nemoclaw-old"
  mv -fT "$path.nemoclaw-old" "$path"
  changed=yes
done
systemctl daemon-reload
for maker in ${scripts}; do test ! -f "$maker" || sh -eu "$maker"; done
failed=
for unit in ${services}; do
  grep -qxF "$unit" "$home/running" 2>/dev/null || { systemctl stop -- "$unit" 2>/dev/null || :; continue; }
  test "$changed" = no && systemctl -q is-active -- "$unit" && continue
  systemctl reset-failed -- "$unit" 2>/dev/null || :
  systemctl restart -- "$unit" && systemctl -q is-active -- "$unit" && continue
  failed="$failed $unit"
  journalctl --no-pager --namespace='*' -o cat -n 10 -u "$unit"
done
test -z "$failed" || { echo "not running:$failed"; exit 1; }`,
      shown: [
        `cp -a ${folder}/… /`,
        ...makers.map((path) => `sh ${path}`),
        `systemctl restart ${units.join(" ")}`,
      ].join(" ; "),
      timeoutSeconds: 600,
      try: `see what it said; to do without what ran before: rm -rf ${folder}; then run \`up\` again`,
    };
    this.forget = { title: "forget what ran before", script: `rm -rf ${home}`, timeoutSeconds: 60 };
  }

  /** @param broken what does not work by now, and so is no measure for what comes, in this run or in the next */
  now(broken: readonly string[]): Command {
    const noted = broken.length > 0 ? `printf '%s\\n' ${broken.map(quote).join(" ")} >"$home.new/broken"\n` : "";
    return {
      title: "keep what runs now",
      script: `home=${this.#folder}
rm -rf "$home.new"
install -d -m 0700 "$home.new"
for path in ${this.#all}; do
  if test -L "$path" || test -f "$path"; then cp -a --parents "$path" "$home.new"; fi
done
for unit in ${this.#services}; do
  if systemctl -q is-active -- "$unit"; then echo "$unit" >>"$home.new/running"; fi
done
${noted}mv -T "$home.new" "$home"`,
      timeoutSeconds: 60,
    };
  }
}
