import { expect } from "@playwright/test";
import { test, createPoll, vote } from "./page.js";

// 320 CSS pixels: the narrowest width at which WCAG 2.2 (1.4.10 Reflow) requires no horizontal scrolling.
test.use({ viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });

async function expectToFit(page) {
  const { content, screen } = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth, screen: document.documentElement.clientWidth,
  }));
  expect(content, "width of the page").toBeLessThanOrEqual(screen);
  expect(screen, "width of the screen").toBe(320); // without the viewport line a page is 980 wide
}

test("W2E-7 it works at the width of a phone", async ({ page }) => {
  const long = "Restaurant".repeat(10);
  await createPoll(page, "Donaudampfschifffahrtsgesellschaft".repeat(5), [long, "Thai"]);
  await expectToFit(page);
  await vote(page, "N".repeat(100), long);
  await expect(page.getByRole("caption")).toHaveText(`1 vote, ${long} leads`);
  await expectToFit(page);

  const targets = page.getByRole("button").or(page.locator("#choices label"));
  for (const target of await targets.filter({ visible: true }).all()) {
    const box = await target.boundingBox();
    expect(box.height, `height of ${await target.innerText()}`).toBeGreaterThanOrEqual(44);
  }
});
