// The inspector's page as a test reads it: what is painted, and whether it will stay.
import { type Frame } from "playwright-core";
import { untilSeen } from "./repeat.ts";

/** Milliseconds that a page may take on a slow machine. */
const patience = 40_000;

/** The compilation has ended. */
export const compiled = (page: Frame): Promise<void> => page.locator(".status-line").filter({ hasText: "groups" }).waitFor();

/** The compilation has ended, the picture is placed, and nothing moves. */
export async function settled(page: Frame): Promise<void> {
  await compiled(page);
  await page.waitForFunction(() => document.body.dataset["still"] === "true", undefined, { timeout: patience });
}

/** The stage that the graph on the screen shows; to be read of a settled page. */
export const paintedStage = async (page: Frame): Promise<number> => Number(await page.evaluate(() => document.body.dataset["painted"]));

/** Waits until the graph shows a stage. */
export async function stagePainted(page: Frame, stage: number): Promise<void> {
  await page.waitForFunction((wanted) => document.body.dataset["painted"] === String(wanted), stage, { timeout: patience });
}

/** Does something that makes the graph show another stage, again if the picture stays as it is. */
export async function stepTo(page: Frame, stage: number, action: () => Promise<unknown>): Promise<void> {
  const before = await paintedStage(page);
  try {
    await untilSeen(`from stage ${before} to stage ${stage}`, action, {
      seen: async () => (await paintedStage(page)) === stage,
      begun: async () => (await paintedStage(page)) !== before,
    });
  } catch (error) {
    throw new Error(`the graph shows stage ${await paintedStage(page)}`, { cause: error });
  }
}

/** Shows texts of the kernels view that a narrow one leaves out: Loops, C++, Assembly. */
export async function showTexts(page: Frame, ...titles: readonly string[]): Promise<void> {
  for (const title of titles) {
    const button = page.locator(".code-switches [aria-pressed]").filter({ hasText: title });
    await button.waitFor();
    if ((await button.getAttribute("aria-pressed")) !== "true") await button.click();
  }
}
