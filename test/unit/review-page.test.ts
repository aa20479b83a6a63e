import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { AxeResults } from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installedBrowser } from "../../scripts/installed-browser.ts";

/**
 * The review's page as people meet it, in a real browser. It is the page that `review.test.ts` writes, so this looks at what
 * is in the repository and needs no order between the two.
 */

const page = pathToFileURL(join(import.meta.dirname, "../golden/review/page.html")).href;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const executablePath = installedBrowser();
let browser: Browser | undefined;

beforeAll(async () => {
  if (!executablePath) return;
  // Chromium refuses to lock itself in when root starts it, as in CI; it opens nothing but the file.
  const args = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];
  browser = await chromium.launch({ executablePath, args, chromiumSandbox: process.getuid?.() !== 0 });
});
afterAll(() => browser?.close());

const look = (name: string, options: Parameters<Browser["newPage"]>[0], check: (page: Page) => Promise<void>) =>
  test(name, async ({ skip }) => {
    if (!browser) return skip("no Chromium on PATH or in NEMOCLAW_CHROMIUM");
    const opened = await browser.newPage(options);
    try {
      await opened.goto(page);
      await check(opened);
    } finally {
      await opened.close();
    }
  });

// As text, because it runs in the page, whose names this project's types do not have.
const focused = `({
  tag: document.activeElement.tagName,
  text: document.activeElement.textContent,
  outline: getComputedStyle(document.activeElement).outlineStyle,
})`;

const wide = { width: 1200, height: 800 };
const phone = { width: 360, height: 740 };

describe.each(["light", "dark"] as const)("%s", (colorScheme) => {
  look("on a desk", { colorScheme, viewport: wide }, isAccessible);
  look("on a phone", { colorScheme, viewport: phone, hasTouch: true }, isAccessible);

  look("has the colours of its scheme", { colorScheme }, async (opened) => {
    const colour: string = await opened.evaluate("getComputedStyle(document.body).backgroundColor");
    const red = Number(/\d+/.exec(colour)?.[0]);
    expect(red > 128).toBe(colorScheme === "light");
  });
});

/** The rules of WCAG 2.2 AA and of good practice, as axe knows them, with every part unfolded; and nothing wider than the screen. */
async function isAccessible(opened: Page): Promise<void> {
  await opened.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))");
  await opened.evaluate(axe);
  const { violations, incomplete, passes }: AxeResults = await opened.evaluate("axe.run()");
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  expect(incomplete.map(({ id }) => id)).toEqual([]);
  expect(passes.map(({ id }) => id)).toContain("color-contrast");
  expect(await opened.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
}

describe("without a mouse", () => {
  look("every link and part is reached by Tab, and shows where one is", { viewport: wide }, async (opened) => {
    const wanted = await opened.locator("a, summary").allTextContents();
    const reached: string[] = [];
    for (;;) {
      await opened.keyboard.press("Tab");
      const at: { tag: string; text: string; outline: string } = await opened.evaluate(focused);
      // Past the last, or round again at the first.
      if (at.tag === "BODY" || (at.tag !== "DIV" && reached.includes(at.text))) break;
      expect(at.outline, at.text).not.toBe("none");
      if (at.tag !== "DIV") reached.push(at.text);
    }
    expect(reached).toEqual(wanted);
  });

  look("Enter folds a part and unfolds it", { viewport: wide }, async (opened) => {
    const isOpen = async () => (await opened.locator("details").first().getAttribute("open")) !== null;
    const before = await isOpen();
    await opened.locator("summary").first().focus();
    await opened.keyboard.press("Enter");
    expect(await isOpen()).toBe(!before);
    await opened.keyboard.press("Enter");
    expect(await isOpen()).toBe(before);
  });

  look("the first link leads past the summary", { viewport: wide }, async (opened) => {
    await opened.keyboard.press("Tab");
    await opened.keyboard.press("Enter");
    expect(((await opened.evaluate(focused)) as { tag: string }).tag).toBe("MAIN");
  });
});

// No screen reader runs here: this is the tree that the browser gives to one.
look("what a screen reader is given", { viewport: phone }, async (opened) => {
  await expect(await opened.locator("body").ariaSnapshot()).toMatchFileSnapshot("../golden/review/page.aria.yaml");
});
