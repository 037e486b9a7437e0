// The review page in a real browser: it asks for nothing, runs nothing, can be read in light and dark and on a telephone, and
// without a mouse. Screenshots go where DEMESNE_SCREENSHOTS says.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { z } from "zod";
import { renderHtml } from "../../src/plan/index.ts";
import { hostilePlan, largePlan } from "./review-plans.ts";

const places = [
  process.env["DEMESNE_CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];
const program = places.find((path) => path !== undefined && existsSync(path));
const skip = program === undefined ? "needs a browser: apt-get install chromium" : false;
const shots = process.env["DEMESNE_SCREENSHOTS"];
const options = { namespace: "demesne-plan@v1" };

const Outline = z.strictObject({
  lang: z.string(),
  title: z.string(),
  levels: z.array(z.number()),
  unnamed: z.number(),
  twice: z.array(z.string()),
  dead: z.number(),
});

const checks = readFileSync(join(import.meta.dirname, "in-page.js"), "utf8")
  .trim()
  .replace(/;$/, "");

async function inPage(page: Page, check: string): Promise<unknown> {
  await page.evaluate(checks);
  return await page.evaluate(`inPage.${check}()`);
}

const views = {
  light: { colorScheme: "light", viewport: { width: 1200, height: 900 } },
  dark: { colorScheme: "dark", viewport: { width: 1200, height: 900 } },
  narrow: { colorScheme: "light", viewport: { width: 360, height: 740 } },
  "narrow-dark": { colorScheme: "dark", viewport: { width: 360, height: 740 } },
} as const satisfies Readonly<Record<string, BrowserContextOptions>>;

describe("the review page in a browser", { skip, timeout: 180_000 }, () => {
  let browser: Browser;
  const folder = mkdtempSync(join(tmpdir(), "demesne-page-"));
  const file = join(folder, "plan.html");
  const hostile = join(folder, "hostile.html");
  before(async () => {
    writeFileSync(file, renderHtml(await largePlan(), options));
    writeFileSync(hostile, renderHtml(hostilePlan(), options));
    if (shots !== undefined) mkdirSync(shots, { recursive: true });
    // As root a browser has no sandbox of its own; it is shown nothing but this file.
    const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
    browser = await chromium.launch({ executablePath: program ?? "", args, timeout: 60_000 });
  });
  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  /** Opens the page as `view` sees it and tells every request and complaint. */
  async function open(
    path: string,
    view: BrowserContextOptions,
    work: (page: Page, told: string[]) => Promise<void>,
  ): Promise<void> {
    const context = await browser.newContext({ ...view, javaScriptEnabled: true });
    try {
      const page = await context.newPage();
      const told: string[] = [];
      page.on("request", (request) => told.push(request.url()));
      page.on("console", (message) => told.push(`console: ${message.text()}`));
      page.on("pageerror", (error) => told.push(`error: ${error.message}`));
      page.on("dialog", (dialog) => {
        told.push(`dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
      await page.goto(pathToFileURL(path).href, { timeout: 30_000 });
      await work(page, told);
    } finally {
      await context.close();
    }
  }

  for (const [name, view] of Object.entries(views)) {
    test(`${name}: nothing is asked for, nothing overflows, every text can be read`, async () => {
      await open(file, view, async (page, told) => {
        if (shots !== undefined) await page.screenshot({ path: join(shots, `${name}-top.png`) });
        assert.deepEqual(told, [pathToFileURL(file).href], "one request: the page itself");
        await inPage(page, "unfold");
        assert.deepEqual(await inPage(page, "tooWide"), []);
        assert.deepEqual(await inPage(page, "poorContrasts"), []);
        if (shots !== undefined)
          await page.screenshot({ path: join(shots, `${name}-open.png`), fullPage: name === "light" });
      });
    });
  }

  test("it has a language, a title, one first heading, no heading skipped, names for its regions, and no id twice", async () => {
    await open(file, views.light, async (page) => {
      const found = Outline.parse(await inPage(page, "outline"));
      assert.equal(found.lang, "en");
      assert.match(found.title, /^Plan for harbour: control$/);
      assert.equal(found.levels.filter((level) => level === 1).length, 1);
      assert.ok(
        found.levels.every((level, at) => level <= (found.levels[at - 1] ?? 0) + 1),
        found.levels.join(),
      );
      assert.deepEqual([found.unnamed, found.twice, found.dead], [0, [], 0]);
    });
  });

  test("a diff unfolds by keyboard alone, and without a script", async () => {
    const context = await browser.newContext({ ...views.light, javaScriptEnabled: false });
    try {
      const page = await context.newPage();
      await page.goto(pathToFileURL(file).href, { timeout: 30_000 });
      const diff = page.locator(".changes details").first();
      assert.equal(await diff.locator("pre").isVisible(), false);
      await diff.locator("summary").focus();
      await page.keyboard.press("Enter");
      assert.equal(await diff.locator("pre").isVisible(), true);
    } finally {
      await context.close();
    }
  });

  test("what stands on a host is text, and stays text", async () => {
    await open(hostile, views.light, async (page, told) => {
      assert.deepEqual(told, [pathToFileURL(hostile).href]);
      assert.equal(await inPage(page, "strange"), 0);
      assert.ok((await page.locator("main").innerText()).includes("<script>alert(1)</script>"));
      assert.equal(await page.locator("main").isVisible(), true);
    });
  });

  test("its policy lets no script run, even one that is put in afterwards", async () => {
    await open(file, views.light, async (page, told) => {
      await inPage(page, "intrude");
      await page.waitForTimeout(100);
      assert.notEqual(await page.title(), "owned");
      assert.ok(told.filter((each) => /Content Security Policy/i.test(each)).length >= 2, told.join("\n"));
    });
  });
});
