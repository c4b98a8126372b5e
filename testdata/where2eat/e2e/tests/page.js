import { test as base, expect } from "@playwright/test";

// test extends Playwright's test. It also fails for errors that are invisible on the page: an exception, a missing file,
// a violation of the content security policy, or a request to another site.
export const test = base.extend({
  page: async ({ page, baseURL }, use) => {
    const problems = [];
    page.on("pageerror", (error) => problems.push(`exception: ${error.message}`));
    page.on("console", (message) => {
      // Chromium reports every status from 400 on. The tests check API errors by what the page shows.
      if (message.type() === "error" && !/\/(poll|vote|results)(\?|$)/.test(message.location().url)) {
        problems.push(`console: ${message.text()}`);
      }
    });
    page.on("dialog", async (dialog) => {
      problems.push(`dialog: ${dialog.message()}`);
      await dialog.dismiss();
    });
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol !== "data:" && url.origin !== new URL(baseURL).origin) problems.push(`request to ${url.origin}`);
    });
    await use(page);
    expect(problems, "problems of the page").toEqual([]);
  },
});

// createPoll fills in the form, as a person would, and ends on the page of the poll.
export async function createPoll(page, title, options) {
  await page.goto("/");
  await page.getByLabel("Question").fill(title);
  await page.getByLabel("Options, one a line").fill(options.join("\n"));
  await page.getByRole("button", { name: "Create poll" }).click();
  await expect(page.getByRole("heading", { level: 2 })).toHaveText(title);
}

export async function vote(page, voter, option) {
  await page.getByRole("radio", { name: option, exact: true }).check();
  await page.getByLabel("Your name").fill(voter);
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page.getByRole("status")).toHaveText(`${voter} votes for ${option}.`);
}

// expectVotes compares the table of results with [option, votes] in the order they are shown.
export async function expectVotes(page, want) {
  await expect(page.getByRole("rowheader")).toHaveText(want.map(([option]) => option));
  // With the flag new-voting a share follows the number.
  await expect(page.locator("#votes td.number")).toHaveText(want.map(([, n]) => new RegExp(`^${n}( \\(.+ %\\))?$`)));
}
