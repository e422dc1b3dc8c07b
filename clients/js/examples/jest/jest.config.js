export default {
  globalSetup: 'ai-api-emulator/jest/setup',
  globalTeardown: 'ai-api-emulator/jest/teardown',
  transform: {}, // native ES modules
};
