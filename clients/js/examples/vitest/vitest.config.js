import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { globalSetup: 'ai-api-emulator/vitest/setup' } });
