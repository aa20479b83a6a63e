import { connect, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

// attach.mjs SOCKET: joins standard input and output to a socket inside, until either ends. The socket may not be there yet.
const waitSeconds = 60;
const [, , path = ""] = process.argv;

// Read from the start, so that an end is noticed while we wait.
const input = process.stdin.pipe(new PassThrough());
process.stdin.once("end", () => {
  if (socket === undefined) process.exit(0);
});
process.stdout.on("error", () => process.exit(0));

let socket: Socket | undefined;
const deadline = performance.now() + waitSeconds * 1000;
while (socket === undefined) {
  const tried = await open();
  if (typeof tried !== "string") socket = tried;
  else if (performance.now() < deadline) await sleep(200);
  else {
    console.error(`attach: nobody listens at ${path} for ${waitSeconds} s: ${tried}`);
    process.exit(1);
  }
}

let finished = false;
input.once("end", () => {
  finished = true;
});
socket.once("error", () => {});
socket.once("close", () => {
  if (!finished) console.error("attach: the agent closed the connection");
  process.exit(finished ? 0 : 1);
});
input.pipe(socket).pipe(process.stdout);

function open(): Promise<Socket | string> {
  return new Promise((resolve) => {
    const attempt = connect(path);
    attempt.once("error", ({ message }) => resolve(message));
    attempt.once("connect", () => resolve(attempt));
  });
}
