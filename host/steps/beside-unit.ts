import { quote } from "../command.ts";

// How a service starts, ends and is watched, its folders, of which one goes with whoever used it last, and its secrets.
const itsOwn =
  "Type=* | NotifyAccess=* | Exec* | Restart* | Timeout* | KillMode=* | StateDirectory* | RuntimeDirectory* | LoadCredential=*";

/**
 * Shell that runs the program of a service once more, beside it, with further words: as the same user and with the same rights, by
 * the unit's text that is in force. It ends with the program's exit code, on its own streams, and after `seconds` at the latest.
 */
export function besideUnit(unit: string, words: readonly string[], seconds: number): string {
  return `text=$(systemctl cat -- ${quote(unit)})
set --
while IFS= read -r line; do
  case $line in
    ${itsOwn}) ;;
    [A-Z]*=*) set -- "$@" -p "$line" ;;
  esac
done <<END
$(printf '%s\\n' "$text" | sed -n '/^\\[Service\\]$/,/^\\[[^S]/p')
END
program=$(printf '%s\\n' "$text" | sed -n 's/^ExecStart=//p' | tail -n 1)
systemd-run --quiet --wait --pipe --collect -p RuntimeMaxSec=${seconds} "$@" -- $program ${words.map(quote).join(" ")}`;
}
