import { Transform } from "node:stream";

const mark = "[redacted]";

/** Takes the key out of a text. */
export function redact(text: string, key: string | undefined): string {
  return key === undefined ? text : text.replaceAll(key, mark);
}

/** Takes the key out of a stream of bytes, also where it is cut in two; holds back only what may be the key's beginning. */
export function redactStream(key: string): Transform {
  let held = "";
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const text = redact(held + chunk.toString("latin1"), key);
      const begun = beginning(text, key);
      held = text.slice(text.length - begun);
      done(null, Buffer.from(text.slice(0, text.length - begun), "latin1"));
    },
    flush(done) {
      done(null, Buffer.from(held, "latin1"));
    },
  });
}

// How many characters at the end of a text are the first ones of the key.
function beginning(text: string, key: string): number {
  for (let length = Math.min(key.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(key.slice(0, length))) return length;
  }
  return 0;
}
