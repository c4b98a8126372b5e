import AxeBuilder from "@axe-core/playwright";
import { expect } from "@playwright/test";
import { test, createPoll, vote } from "./page.js";

// expectAccessible fails with the violations that axe found, and their places.
async function expectAccessible(page) {
  const { violations, passes } = await new AxeBuilder({ page }).analyze();
  const serious = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.target.join(" ")}`));
  expect(serious, "serious violations").toEqual([]);
  expect(passes.length, "rules that applied").toBeGreaterThan(10); // a blank page has no violations
}

for (const colorScheme of ["light", "dark"]) {
  test(`W2E-7 axe finds nothing serious in ${colorScheme} colours`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    await page.goto("/");
    await expect(page.getByLabel("Question")).toBeVisible();
    await expectAccessible(page);
    await createPoll(page, "Where do we eat?", ["Sushi", "Thai"]);
    await vote(page, "Ada", "Thai");
    await expectAccessible(page);
  });
}

test("W2E-7 the keyboard suffices", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByLabel("Question")).toBeVisible();
  const keys = page.keyboard;
  for (const typed of ["", "Where do we eat?", "Sushi\nThai"]) { // the link in the heading, the question, the options
    await keys.press("Tab");
    await keys.insertText(typed);
  }
  await keys.press("Tab");
  await keys.press("Enter");
  await expect(page.getByRole("heading", { level: 2 })).toHaveText("Where do we eat?");

  await keys.press("Tab"); // the link in the heading
  await keys.press("Tab"); // the first choice
  await keys.press("ArrowDown");
  await expect(page.getByRole("radio", { name: "Thai" })).toBeChecked();
  await keys.press("Tab");
  await keys.insertText("Ada");
  await keys.press("Enter");
  await expect(page.getByRole("caption")).toHaveText("1 vote, Thai leads");
});
