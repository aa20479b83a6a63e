/** The longest text of one Telegram message, in UTF-16 units. */
export const longestText = 4096;

// From the best place to cut to the worst: after a paragraph, a line, a sentence, a word.
const boundaries = [/\n\n+/g, /\n/g, /[.!?…]["')\]]?\s+/g, /\s+/g];

/**
 * Cuts a text into parts that Telegram takes, where a reader would pause. No character is lost or split: the parts put
 * together are the text, except that parts of nothing but white space, which Telegram refuses, are left out.
 */
export function splitText(text: string, limit = longestText): string[] {
  const parts: string[] = [];
  let rest = text;
  while (rest.length > limit) {
    const at = cut(rest, limit);
    parts.push(rest.slice(0, at));
    rest = rest.slice(at);
  }
  parts.push(rest);
  return parts.filter((part) => part.trim() !== "");
}

function cut(text: string, limit: number): number {
  const window = text.slice(0, limit);
  for (const boundary of boundaries) {
    // A cut in the first half would make many short messages of one long text.
    const ends = [...window.matchAll(boundary)].map((match) => match.index + match[0].length);
    const end = ends.at(-1);
    if (end !== undefined && end > limit / 2) return end;
  }
  return characterEnd(text, limit);
}

// A person's "character" may be many units (a flag, a family); a longer one than the limit has to be cut between code points.
function characterEnd(text: string, limit: number): number {
  const tail = Math.max(0, limit - 64);
  const window = text.slice(0, limit + 64);
  let end = 0;
  for (const { index } of new Intl.Segmenter().segment(window)) {
    if (index > limit) break;
    end = index;
  }
  if (end > tail) return end;
  const low = text.charCodeAt(limit);
  return low >= 0xdc00 && low <= 0xdfff ? limit - 1 : limit;
}
