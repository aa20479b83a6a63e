import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { EventCutter, eventsOf } from "../../services/inference-route/events.ts";

test("every event ends with its empty line, whatever the lines end in", () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    expect(eventsOf(`data: a${end}${end}id: 1${end}data: b${end}${end}data: c${end}`)).toEqual([
      `data: a${end}${end}`,
      `id: 1${end}data: b${end}${end}`,
      `data: c${end}`,
    ]);
  }
});

test("nothing is lost, and no event is cut by where the pieces are", () => {
  const line = fc.constantFrom("data: a", ": ping", "", "event: x");
  const end = fc.constantFrom("\n", "\r\n", "\n\r\n");
  const data = (events: string[]) => events.map((event) => event.trim()).filter((event) => event !== "");
  fc.assert(
    fc.property(fc.array(fc.tuple(line, end)), fc.integer({ min: 1, max: 9 }), (lines, step) => {
      const text = lines.flat().join("");
      const cutter = new EventCutter();
      const events: string[] = [];
      for (let at = 0; at < text.length; at += step) events.push(...cutter.take(text.slice(at, at + step)));
      events.push(cutter.rest());
      expect(events.join("")).toBe(text);
      expect(data(events)).toEqual(data(eventsOf(text)));
    }),
  );
});

test.each([": ping\n", "data: x\n\r\n", "data: x\r\n\n", "\n", ": a\n: b\r\n", "data: x\r\n\r\n", "data: x\r\r"])(
  "%j has ended as it is",
  (text) => {
    expect(new EventCutter().take(text).join("")).toBe(text);
  },
);

test.each(["data: x\n", "data: x\r\n", ": ping", ": ping\ndata: x\n"])("%j has not ended", (text) => {
  const cutter = new EventCutter();
  cutter.take(text);
  expect(cutter.rest()).not.toBe("");
  expect(cutter.size).toBe(cutter.rest().length);
});

test("a large event is searched once", () => {
  const cutter = new EventCutter();
  const piece = "x".repeat(1000);
  const search = vi.spyOn(RegExp.prototype, "exec");
  cutter.take("data: ");
  for (let count = 0; count < 100; count++) cutter.take(piece);
  const searched = search.mock.calls.reduce((sum, [text]) => sum + text.length, 0);
  search.mockRestore();
  expect(searched).toBeGreaterThan(100_000);
  expect(searched).toBeLessThan(200_000);
  expect(cutter.size).toBe(100_006);
  expect(cutter.take("\n\n")).toEqual([`data: ${piece.repeat(100)}\n\n`]);
});
