import { type Command, quote } from "../command.ts";
import type { Question } from "../question.ts";
import type { Step } from "../step.ts";
import { authoritiesPath, downloadHint } from "./authorities.ts";

export interface AptPackages {
  /** Names, or `name=version` for an exact one. */
  readonly packages: readonly string[];
  /**
   * A mirror of the distribution's archives: `<mirror>/debian`, `<mirror>/debian-security`, `<mirror>/ubuntu`. It is used for
   * these packages; the machine's own sources stay as they are.
   */
  readonly mirror?: string;
}

export interface AptFacts {
  /** Version by package; only those that are wholly installed. */
  readonly installed: { readonly [name: string]: string };
  /** Packages that the lists on the machine know; not asked when dpkg knows all of them, as it takes long. */
  readonly known: readonly string[];
  /** Whether the lists are less than a day old. */
  readonly fresh: boolean;
  /** Whether an earlier installation was cut short. */
  readonly interrupted: boolean;
}

/**
 * Packages of the distribution, without those they only recommend. None is removed for them. Versions that are there already
 * stay, unless an exact one is named. Lists are fetched only when they are old or do not know a package.
 */
export function ensurePackages({ packages, mirror }: AptPackages): Step<AptFacts> {
  return {
    name: `packages ${packages.join(", ")}`,
    facts: aptFacts(packages),
    plan: (now) => {
      const missing = packages.filter((wanted) => {
        const [name = "", version] = wanted.split("=");
        const found = now.installed[name];
        return found === undefined || (version !== undefined && version !== found);
      });
      const commands: Command[] = [];
      if (now.interrupted) commands.push(finishInterrupted);
      if (missing.length === 0) return commands;
      const stale = !now.fresh || missing.some((wanted) => !now.known.includes(nameOf(wanted)));
      if (stale) commands.push(updateLists(mirror));
      commands.push(install(missing, mirror));
      return commands;
    },
  };
}

/** What dpkg and apt know about some packages. */
export function aptFacts(packages: readonly string[]): Question<AptFacts> {
  const names = packages.map(nameOf).map(quote).join(" ");
  return {
    script: `dpkg-query --show --showformat='installed \${db:Status-Abbrev} \${Package} \${Version}\\n' ${names}
dpkg-query --show ${names} >/dev/null || apt-cache policy ${names} | sed 's/^/policy /'
find /var/lib/apt/lists /var/lib/apt/lists/partial -maxdepth 0 -mmin -1440 | sed 's/.*/fresh/'
# Half-installed while somebody is installing is not interrupted.
if ! cat /proc/[0-9]*/comm 2>/dev/null | grep -qxE 'dpkg|apt-get|apt'; then
  ${interruptedLook}
fi`,
    parse: ({ stdout }) => {
      const lines = stdout.split("\n").map((line) => line.trim().split(/\s+/));
      const installed = lines.filter(([word, status]) => word === "installed" && status === "ii");
      return {
        installed: Object.fromEntries(installed.map(([, , name = "", version = ""]) => [name, version])),
        known: available(lines.filter(([word]) => word === "policy")),
        fresh: lines.some(([word]) => word === "fresh"),
        interrupted: lines.some(([word]) => word === "interrupted"),
      };
    },
  };
}

// A line `policy <name>:` and, some lines on, `policy Candidate: <version or (none)>`.
function available(policy: readonly string[][]): string[] {
  let name = "";
  return policy.flatMap(([, word = "", value]) => {
    if (value === undefined) name = word.replace(/:$/, "");
    return word === "Candidate:" && value !== "(none)" ? [name] : [];
  });
}

/** Prints `interrupted` where dpkg was killed at its work; while it is at it, too. */
export const interruptedLook = `ls /var/lib/dpkg/updates | sed -n 's/^[0-9].*/interrupted/p'
  dpkg --audit | sed -n '1s/.*/interrupted/p'`;

export const finishInterrupted: Command = {
  title: "finish an interrupted package installation",
  // Another installation may have begun since somebody looked, and dpkg itself does not wait for its lock.
  script: `until said=$(LC_ALL=C dpkg --force-confdef --force-confold --configure -a 2>&1); do
  case "$said" in
  *"lock was locked by another process"*) sleep 2 ;;
  *) printf '%s\\n' "$said"; exit 1 ;;
  esac
done`,
  shown: "dpkg --force-confdef --force-confold --configure -a",
  timeoutSeconds: 600,
  try: "on the machine: dpkg --configure -a",
};

function updateLists(mirror?: string): Command {
  return {
    title: "fetch the package lists",
    script: `${aptGet(mirror)}\nupdate`,
    shown: "apt-get update",
    timeoutSeconds: 600,
    try: downloadHint,
  };
}

function install(packages: readonly string[], mirror?: string): Command {
  const exact = packages.some((wanted) => wanted.includes("="));
  const names = packages.map(quote).join(" ");
  const how = `--yes --no-remove --no-install-recommends${exact ? " --allow-downgrades" : ""}`;
  // Lists may be older than the archive, or be another mirror's: then they are fetched after all.
  return {
    title: `install ${packages.join(", ")}`,
    script: `${aptGet(mirror)}
install() { get -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold install ${how} -- ${names} 2>&1; }
if said=$(install); then exit 0; fi
case $said in
  *"Unable to locate"*|*"no installation candidate"*|*"was not found"*|*" 404 "*) update && install ;;
  *) printf '%s\\n' "$said"; exit 1 ;;
esac`,
    shown: `apt-get install ${how} ${names}`,
    timeoutSeconds: 1200,
    try: downloadHint,
    tryAfter: inTheWay,
  };
}

/** Nothing is removed for a package: what is there, somebody uses. */
export function inTheWay(said: string): string | undefined {
  const [, names] = /packages will be REMOVED:\n((?: +.*\n?)+)/.exec(said) ?? [];
  if (!names) return undefined;
  const removed = names.trim().split(/\s+/).join(", ");
  return `it would remove ${removed}, which somebody may use: remove that yourself where nobody does, or take another machine`;
}

// The lock of the lists has no timeout of its own, unlike that of dpkg; and nothing of apt's own locks the cache that it makes
// of them, so that of two updates at a time one may find its file gone. Two resources of a machine are made at a time.
function aptGet(mirror?: string): string {
  return `exec 9>/run/lock/nemoclaw-apt.lock
flock 9
# Ubuntu would have what uses an exchanged library restarted, which is for whoever runs it to decide.
export NEEDRESTART_SUSPEND=1
${prepare(mirror)}
get() { apt-get ${options(mirror)} "$@" 9>&-; }
update() {
  left=60
  until said=$(get update 2>&1); do
    case $said in *"Could not get lock"*|*"Unable to lock"*|*"Problem renaming the file"*) ;; *) printf '%s\\n' "$said"; return 1 ;; esac
    left=$((left - 1))
    test "$left" -gt 0 || { printf '%s\\n' "$said"; return 1; }
    sleep 5
  done
}`;
}

const mirrored = "/etc/nemoclaw/apt";

function options(mirror?: string): string {
  const common = ["DPkg::Lock::Timeout=300", "Acquire::Retries=3", "APT::Update::Error-Mode=any"];
  const own = [
    `Dir::Etc::SourceList=${mirrored}/sources.list`,
    `Dir::Etc::SourceParts=${mirrored}/sources.list.d`,
    `Dir::State::Lists=${mirrored}/lists`,
  ];
  return [...common, ...(mirror ? own : [])]
    .map((option) => `-o ${option}`)
    .join(" ")
    .concat(" $trust");
}

// Both forms of source files, with the archive's host replaced by the mirror.
function prepare(mirror?: string): string {
  const trust = `trust=
if test -f ${authoritiesPath}; then
  cat /etc/ssl/certs/ca-certificates.crt ${authoritiesPath} >/run/nemoclaw-apt-ca.pem 2>/dev/null || :
  trust="-o Acquire::https::CAInfo=/run/nemoclaw-apt-ca.pem"
fi`;
  if (!mirror) return trust;
  // As it stands, in sed's replacement.
  const base = mirror.replace(/\/+$/, "").replace(/[\\&#]/g, "\\$&");
  const hosts = "https?://[A-Za-z0-9.-]*(debian\\.org|ubuntu\\.com)";
  return `${trust}
mkdir -p ${mirrored}/sources.list.d ${mirrored}/lists/partial
rm -f ${mirrored}/sources.list ${mirrored}/sources.list.d/*
for from in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
  test -f "$from" || continue
  sed -E ${quote(`s#${hosts}#${base}#g`)} "$from" >"${mirrored}/\${from#/etc/apt/}"
done`;
}

function nameOf(wanted: string): string {
  return wanted.split("=")[0] ?? wanted;
}
