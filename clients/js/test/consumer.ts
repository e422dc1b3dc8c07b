// A project in TypeScript that uses all entries: it compiles under --strict, and what is wrong in it does not.
import { ControlError, Emulator, type RecordedRequest, type WorldOptions } from 'ai-api-emulator';
import { withEmulator } from 'ai-api-emulator/jest';
import jestSetUp from 'ai-api-emulator/jest/setup';
import jestTearDown from 'ai-api-emulator/jest/teardown';
import { test as playwrightTest, expect as playwrightExpect, globalSetup } from 'ai-api-emulator/playwright';
import { test as vitestTest } from 'ai-api-emulator/vitest';
import setUp from 'ai-api-emulator/vitest/setup';

const options: WorldOptions = { scenario: 'free-tier', frozen: new Date(), webhook_time: 'real' };

export async function use(): Promise<number[]> {
  const emulator = await Emulator.start({ args: ['--seed', '7'] });
  const world = await emulator.world('mine', options);
  const fault = await world.fail('messages.create', { status: 429, retry_after: '30s', times: 1 });
  await world.cutStream(['messages.stream'], { events: 3 });
  await world.arm('error_event', 'messages.stream', { params: { after: 2 }, for: '1m' });
  await world.answer({ contains: ['refund'], json: { days: 5 } });
  const frozen: boolean = (await world.clock.freeze('2026-01-01T00:00:00Z')).frozen;
  const requests: RecordedRequest[] = await world.requests('messages.*', { status: { gte: 400 } });
  const attempts = await world.waitForWebhooks({ delivered: true, timeout: 2 });
  const played: number = await fault.played();
  const rules: string[] = (await world.verdict({ ignore: ['no_back_off'], polls_apart: 0.01 })).findings.map(({ rule }) => rule);
  const scenarios: string[] = (await world.control.get('/scenarios')).using;
  await world.stop();
  return [...requests.map(({ status }) => status), ...attempts.map(({ attempt }) => attempt), played, rules.length, scenarios.length, +frozen];
}

export async function wrong(emulator: Emulator): Promise<void> {
  // @ts-expect-error: a status is a number
  await emulator.fail('messages.create', { status: '429' });
  // @ts-expect-error: a bare number may be a time or a count
  await emulator.cutStream('messages.stream', { after: 3 });
  // @ts-expect-error: only start, attach and world make one
  new Emulator();
  // @ts-expect-error: a world has no such option
  await emulator.world('mine', { frosen: true });
  // @ts-expect-error: the control API returns a list of names
  const using: number = (await emulator.control.get('/scenarios')).using;
  throw new ControlError(String(using), { status: 400 });
}

vitestTest.override('emulatorOptions', { frozen: true });
vitestTest('in vitest', async ({ emulator }) => {
  const name: string = emulator.name;
  // @ts-expect-error: there is no such method
  await emulator.explode(name);
});

export const inJest = withEmulator({ seed: 7 }, async (emulator, tier: string) => {
  const key: string = await emulator.key(tier);
  return key;
});
export const row: Promise<void> = inJest('pro');
export const plain: () => Promise<void> = withEmulator(async (emulator) => { await emulator.reset(); });

playwrightTest.use({ emulatorOptions: { scenario: 'outage' } });
playwrightTest('in Playwright', async ({ page, emulator }) => {
  await page.goto(emulator.baseUrl('aiexport'));
  playwrightExpect(globalSetup.length).toBeGreaterThan(0);
});

export const setUps: (() => Promise<unknown>)[] = [setUp, jestSetUp, jestTearDown];
