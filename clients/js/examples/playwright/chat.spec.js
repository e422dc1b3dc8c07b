import { expect, test } from 'ai-api-emulator/playwright';

test.beforeEach(async ({ page, emulator }) => {
  await page.addInitScript((url) => { window.API_URL = url; }, emulator.baseUrl('aiexport'));
  await page.goto('/');
  await page.getByLabel('Question').fill('Where is my order?');
});

test('the answer is shown', async ({ page, emulator }) => {
  await emulator.answer({ contains: 'order', answer: 'It arrives tomorrow.' });

  await page.getByRole('button').click();

  await expect(page.getByRole('status')).toHaveText('It arrives tomorrow.');
  await expect(page.getByRole('alert')).toBeEmpty();
});

test('a rate limit says when to try again', async ({ page, emulator }) => {
  await emulator.fail('messages.stream', { status: 429, retry_after: '30s', times: 1 });

  await page.getByRole('button').click();
  await expect(page.getByRole('alert')).toHaveText('Try again in 30 seconds.');

  await page.getByRole('button').click();
  await expect(page.getByRole('alert')).toBeEmpty();
  expect((await emulator.requests('messages.stream')).map(({ status }) => status)).toEqual([429, 200]);
});

test('an answer that breaks off is marked', async ({ page, emulator }) => {
  await emulator.cutStream('messages.stream', { events: 4 });

  await page.getByRole('button').click();

  await expect(page.getByRole('alert')).toHaveText('The answer is incomplete.');
});

test.describe('in a scenario', () => {
  test.use({ emulatorOptions: { scenario: 'outage' } });

  test('an outage is reported', async ({ page }) => {
    await page.getByRole('button').click();

    await expect(page.getByRole('alert')).toHaveText('The service is out of order.');
  });
});
