import { defineConfig } from "@playwright/test";

if (!process.env.GOLDENPATH_URL) {
  throw new Error("GOLDENPATH_URL is not set: give it the address of a running where2eat");
}

export default defineConfig({
  testDir: "tests",
  fullyParallel: true,
  workers: 2, // leave capacity for the rest of the battery
  forbidOnly: true,
  retries: 0, // a flaky test is a defect
  timeout: 30_000,
  expect: { timeout: 10_000 },
  reporter: [
    ["list"],
    // If retries is increased, the report includes the retried failures, and the tests count as flaky.
    ["junit", { outputFile: "../reports/e2e/e2e.xml", includeRetries: true }],
  ],
  outputDir: "../reports/e2e-failures",
  use: {
    baseURL: process.env.GOLDENPATH_URL,
    actionTimeout: 10_000,
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
      args: [
        "--no-sandbox", // the runner's container is already a sandbox, and does not allow a nested one
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
