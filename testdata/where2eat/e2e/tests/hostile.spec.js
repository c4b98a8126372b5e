import { expect } from "@playwright/test";
import { test, createPoll, expectVotes, vote } from "./page.js";

const markup = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>&amp;"'\`\${1}`;
const frame = `<iframe srcdoc="<b>owned</b>"></iframe>`;
const link = `<a href="javascript:alert(1)">free lunch</a>`;

// Input from a poll that the page must not render as markup.
const foreign = "img, iframe, object, embed, base, a:not([href='/']), script:not([src='/app.js']), link:not([rel=icon], [href='/style.css'])";

test("W2E-11 a hostile poll stays text", async ({ page }) => {
  await createPoll(page, markup, [frame, link]);
  await expect(page).toHaveTitle(`${markup} · where2eat`);
  await vote(page, `"><svg onload=alert(1)>`, link);
  await expect(page.getByRole("caption")).toHaveText(`1 vote, ${link} leads`);
  await expectVotes(page, [[frame, 0], [link, 1]]);

  await page.reload();
  await expect(page.getByRole("heading", { level: 2 })).toHaveText(markup);
  await expect(page.locator(foreign)).toHaveCount(0);
  await expect(page).toHaveTitle(`${markup} · where2eat`);
});

test("W2E-11 a script that got into the page would not run", async ({ browser, baseURL }) => {
  const page = await browser.newPage({ baseURL }); // not the test's own page: here the policy violation is expected
  await page.goto("/");
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "document.title = 'owned'";
    document.body.append(script);
  });
  await expect(page).toHaveTitle("where2eat");
  await page.close();
});
