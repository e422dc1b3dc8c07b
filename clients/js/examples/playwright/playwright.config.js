import { defineConfig } from '@playwright/test';
import { globalSetup } from 'ai-api-emulator/playwright';

const baseURL = `http://127.0.0.1:${process.env.PORT ?? 5173}`;
const executablePath = process.env.CHROMIUM; // a browser of the system; Playwright's own if it is not set

export default defineConfig({
  globalSetup,
  webServer: { command: 'node serve.js', url: baseURL },
  use: { baseURL, launchOptions: executablePath ? { executablePath, args: ['--no-sandbox'] } : {} },
});
