import { expect } from "@playwright/test";
import { test, createPoll, expectVotes, vote } from "./page.js";

const options = ["Sushi", "Thai", "Pizza"];

test("W2E-7 a poll is created, voted in and decided", async ({ page }) => {
  await test.step("W2E-1 create a poll", async () => {
    await createPoll(page, "Where do we eat on Friday?", options);
    await expect(page).toHaveURL(/\/\?poll=[a-z0-9-]+$/);
    await expect(page).toHaveTitle("Where do we eat on Friday? · where2eat");
    await expect(page.getByRole("caption")).toHaveText("Nobody voted yet");
    await expectVotes(page, [["Sushi", 0], ["Thai", 0], ["Pizza", 0]]);
  });
  await test.step("W2E-2 vote", async () => {
    await vote(page, "Ada", "Thai");
    await expect(page.getByRole("caption")).toHaveText("1 vote, Thai leads");
    await vote(page, "Bob", "Pizza");
    await vote(page, "Cem", "Pizza");
    await expect(page.getByRole("caption")).toHaveText("3 votes, Pizza leads");
    await expectVotes(page, [["Sushi", 0], ["Thai", 1], ["Pizza", 2]]);
  });
  await test.step("W2E-3 change a vote", async () => {
    await vote(page, "Cem", "Sushi");
    await expectVotes(page, [["Sushi", 1], ["Thai", 1], ["Pizza", 1]]);
    await expect(page.getByRole("caption")).toHaveText("3 votes, Sushi leads");
  });
});

test("W2E-4 who follows the link sees the votes of others", async ({ page, browser, baseURL }) => {
  await createPoll(page, "Lunch?", options);
  const other = await browser.newContext({ baseURL });
  const friend = await other.newPage();
  await friend.goto(page.url());
  await expect(friend.getByRole("heading", { level: 2 })).toHaveText("Lunch?");
  await vote(friend, "Dana", "Pizza");
  await other.close();

  await expect(page.getByRole("caption")).toHaveText("Nobody voted yet");
  await page.getByRole("button", { name: "Refresh" }).click();
  await expect(page.getByRole("caption")).toHaveText("1 vote, Pizza leads");
});

test("W2E-5 a mistake is explained and costs nothing that was typed", async ({ page }) => {
  await page.goto("/?poll=no-such-poll");
  await expect(page.getByRole("status")).toHaveText("unknown poll");
  await page.getByLabel("Question").fill("Dinner?");
  await page.getByLabel("Options, one a line").fill("Thai\nThai");
  await page.getByRole("button", { name: "Create poll" }).click();
  await expect(page.getByRole("status")).toHaveText('options[1]: "Thai" is listed twice');
  await expect(page.getByLabel("Question")).toHaveValue("Dinner?");
  await page.getByLabel("Options, one a line").fill("Thai\nPizza");
  await page.getByRole("button", { name: "Create poll" }).click();
  await expect(page.getByRole("heading", { level: 2 })).toHaveText("Dinner?");
});
